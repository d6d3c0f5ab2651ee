import com.alicloud.openservices.tablestore.TunnelClient;
import com.alicloud.openservices.tablestore.model.tunnel.ChannelInfo;
import com.alicloud.openservices.tablestore.model.tunnel.CreateTunnelRequest;
import com.alicloud.openservices.tablestore.model.tunnel.DeleteTunnelRequest;
import com.alicloud.openservices.tablestore.model.tunnel.DescribeTunnelRequest;
import com.alicloud.openservices.tablestore.model.tunnel.DescribeTunnelResponse;
import com.alicloud.openservices.tablestore.model.tunnel.ListTunnelRequest;
import com.alicloud.openservices.tablestore.model.tunnel.TunnelInfo;
import com.alicloud.openservices.tablestore.model.tunnel.TunnelType;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Tunnels as things that are made, looked at and deleted. */
final class Tunnels {
  private final TunnelClient client;

  Tunnels(TunnelClient client) {
    this.client = client;
  }

  void addTo(Map<String, Program.Operation> operations) {
    operations.put("createTunnel", this::create);
    operations.put("describeTunnel", this::describe);
    operations.put("listTunnels", this::list);
    operations.put("deleteTunnel", this::delete);
  }

  private Object create(JsonObject ask) {
    CreateTunnelRequest request =
        new CreateTunnelRequest(
            Values.text(ask, "table"), Values.text(ask, "name"), TunnelType.BaseAndStream);
    return Map.of("id", client.createTunnel(request).getTunnelId());
  }

  private Object describe(JsonObject ask) {
    DescribeTunnelResponse response =
        client.describeTunnel(
            new DescribeTunnelRequest(Values.text(ask, "table"), Values.text(ask, "name")));
    List<Object> channels = new ArrayList<>();
    for (ChannelInfo channel : response.getChannelInfos()) {
      channels.add(
          Map.of(
              "id", channel.getChannelId(),
              "type", channel.getChannelType().name(),
              "status", channel.getChannelStatus().name()));
    }
    return Map.of("stage", response.getTunnelInfo().getStage().name(), "channels", channels);
  }

  private Object list(JsonObject ask) {
    List<String> names = new ArrayList<>();
    for (TunnelInfo tunnel :
        client.listTunnel(new ListTunnelRequest(Values.text(ask, "table"))).getTunnelInfos()) {
      names.add(tunnel.getTunnelName());
    }
    return Map.of("names", names);
  }

  private Object delete(JsonObject ask) {
    client.deleteTunnel(
        new DeleteTunnelRequest(Values.text(ask, "table"), Values.text(ask, "name")));
    return Map.of();
  }
}
