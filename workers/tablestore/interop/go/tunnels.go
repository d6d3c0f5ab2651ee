package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tunnel"
	"go.uber.org/zap/zapcore"
)

type tunnelAsk struct {
	Table string `json:"table"`
	Name  string `json:"name"`
}

func (p *program) createTunnel(ask tunnelAsk) (any, error) {
	created, err := p.tunnels.CreateTunnel(&tunnel.CreateTunnelRequest{
		TableName:  ask.Table,
		TunnelName: ask.Name,
		Type:       tunnel.TunnelTypeBaseStream,
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"id": created.TunnelId}, nil
}

func (p *program) describeTunnel(ask tunnelAsk) (any, error) {
	described, err := p.tunnels.DescribeTunnel(&tunnel.DescribeTunnelRequest{TableName: ask.Table, TunnelName: ask.Name})
	if err != nil {
		return nil, err
	}
	channels := []map[string]string{}
	for _, channel := range described.Channels {
		channels = append(channels, map[string]string{
			"id":     channel.ChannelId,
			"type":   channel.ChannelType,
			"status": channel.ChannelStatus,
		})
	}
	return map[string]any{"stage": described.Tunnel.Stage, "channels": channels}, nil
}

func (p *program) listTunnels(ask tunnelAsk) (any, error) {
	listed, err := p.tunnels.ListTunnel(&tunnel.ListTunnelRequest{TableName: ask.Table})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, each := range listed.Tunnels {
		names = append(names, each.TunnelName)
	}
	return map[string]any{"names": names}, nil
}

func (p *program) deleteTunnel(ask tunnelAsk) (any, error) {
	_, err := p.tunnels.DeleteTunnel(&tunnel.DeleteTunnelRequest{TableName: ask.Table, TunnelName: ask.Name})
	return nothing{}, err
}

type record struct {
	Action  string         `json:"action"`
	Seq     *string        `json:"seq"`
	Key     []keyColumn    `json:"key"`
	Columns []recordColumn `json:"columns"`
}

type recordColumn struct {
	Name string `json:"name"`
	Op   string `json:"op"`
	value
	At string `json:"at,omitempty"`
}

type page struct {
	// Epoch ms: pages of several workers are put in order by it.
	At      int64    `json:"at"`
	Channel string   `json:"channel"`
	Records []record `json:"records"`
}

var actions = map[tunnel.ActionType]string{
	tunnel.AT_Put:    "put",
	tunnel.AT_Update: "update",
	tunnel.AT_Delete: "delete",
}

// consume runs the SDK's own worker on a tunnel until standard input ends: each page that it hands
// over becomes one line of standard output before it may be checkpointed.
//
// Arguments: tunnel id, heartbeat interval in seconds, heartbeat time-out in seconds, checkpoint
// interval in ms.
func (p *program) consume(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("four arguments, not %d", len(args))
	}
	numbers := [3]int{}
	for i, text := range args[1:] {
		number, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		numbers[i] = number
	}
	// How long it may sit out after a lost connection; its default is ten seconds.
	tunnel.DaemonRandomRetryMs = 500
	log := tunnel.DefaultLogConfig
	log.Level.SetLevel(zapcore.WarnLevel)
	syncer := zapcore.AddSync(os.Stderr)
	logger, err := log.Build(tunnel.ReplaceLogCore(syncer, log))
	if err != nil {
		return err
	}
	pages := &pageWriter{out: bufio.NewWriter(os.Stdout)}
	daemon := tunnel.NewTunnelDaemon(p.tunnels, args[0], &tunnel.TunnelWorkerConfig{
		HeartbeatInterval: time.Duration(numbers[0]) * time.Second,
		HeartbeatTimeout:  time.Duration(numbers[1]) * time.Second,
		LogConfig:         &log,
		LogWriteSyncer:    syncer,
		ProcessorFactory: &tunnel.SimpleProcessFactory{
			CpInterval: time.Duration(numbers[2]) * time.Millisecond,
			Logger:     logger,
			ProcessFunc: func(channel *tunnel.ChannelContext, records []*tunnel.Record) error {
				return pages.write(channel.ChannelId, records)
			},
		},
	})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		daemon.Close()
	}()
	return daemon.Run()
}

// pageWriter writes whole lines: channels are processed at the same time.
type pageWriter struct {
	lock sync.Mutex
	out  *bufio.Writer
}

func (w *pageWriter) write(channel string, records []*tunnel.Record) error {
	written := page{time.Now().UnixMilli(), channel, make([]record, 0, len(records))}
	for _, each := range records {
		r, err := writeRecord(each)
		if err != nil {
			return err
		}
		written.Records = append(written.Records, r)
	}
	line, err := json.Marshal(written)
	if err != nil {
		return err
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if _, err := w.out.Write(append(line, '\n')); err != nil {
		return err
	}
	return w.out.Flush()
}

func writeRecord(given *tunnel.Record) (record, error) {
	written := record{Action: actions[given.Type], Key: []keyColumn{}, Columns: []recordColumn{}}
	if given.SequenceInfo != nil {
		seq := given.SequenceInfo.Serialization()
		written.Seq = &seq
	}
	for _, column := range given.PrimaryKey.PrimaryKeys {
		v, err := writeValue(column.Value)
		if err != nil {
			return record{}, err
		}
		written.Key = append(written.Key, keyColumn{column.ColumnName, v})
	}
	for _, column := range given.Columns {
		c := recordColumn{Name: *column.Name}
		if column.Timestamp != nil {
			c.At = strconv.FormatInt(*column.Timestamp, 10)
		}
		switch column.Type {
		case tunnel.RCT_Put:
			v, err := writeValue(column.Value)
			if err != nil {
				return record{}, err
			}
			c.Op, c.value = "put", v
		case tunnel.RCT_DeleteOneVersion:
			c.Op = "deleteVersion"
		case tunnel.RCT_DeleteAllVersions:
			c.Op = "deleteColumn"
		}
		written.Columns = append(written.Columns, c)
	}
	return written, nil
}
