// The official Go SDK as a program: one JSON request per line in, one answer per line out, as
// sdk-driver.ts has them. With the argument "worker" it consumes a tunnel instead.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tunnel"
)

// Larger than any value the service takes, in base64.
const lineBytesMax = 64 << 20

type program struct {
	data    *tablestore.TableStoreClient
	tunnels tunnel.TunnelClient
}

type answer struct {
	OK    any    `json:"ok,omitempty"`
	Error *fault `json:"error,omitempty"`
}

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type operation func(p *program, ask []byte) (any, error)

var operations = map[string]operation{
	"createTable":          with((*program).createTable),
	"describeTable":        with((*program).describeTable),
	"listTables":           with((*program).listTables),
	"deleteTable":          with((*program).deleteTable),
	"write":                with((*program).write),
	"batchWrite":           with((*program).batchWrite),
	"getRow":               with((*program).getRow),
	"getRange":             with((*program).getRange),
	"batchGet":             with((*program).batchGet),
	"createTunnel":         with((*program).createTunnel),
	"describeTunnel":       with((*program).describeTunnel),
	"listTunnels":          with((*program).listTunnels),
	"deleteTunnel":         with((*program).deleteTunnel),
	"createDeliveryTask":   with((*program).createDeliveryTask),
	"describeDeliveryTask": with((*program).describeDeliveryTask),
	"listDeliveryTasks":    with((*program).listDeliveryTasks),
	"deleteDeliveryTask":   with((*program).deleteDeliveryTask),
}

// with reads the request as the type that the operation takes.
func with[T any](run func(p *program, ask T) (any, error)) operation {
	return func(p *program, line []byte) (any, error) {
		var ask T
		if err := json.Unmarshal(line, &ask); err != nil {
			return nil, err
		}
		return run(p, ask)
	}
}

func main() {
	endpoint, instance := os.Getenv("SDK_ENDPOINT"), os.Getenv("SDK_INSTANCE")
	key, secret := os.Getenv("SDK_ACCESS_KEY_ID"), os.Getenv("SDK_ACCESS_KEY_SECRET")
	p := &program{
		data:    tablestore.NewClient(endpoint, instance, key, secret),
		tunnels: tunnel.NewTunnelClient(endpoint, instance, key, secret),
	}
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := p.consume(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), lineBytesMax)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if err := answers.Encode(p.answer(lines.Bytes())); err != nil {
			os.Exit(1)
		}
	}
}

func (p *program) answer(line []byte) answer {
	var head struct {
		Do string `json:"do"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return answer{Error: faultOf(err)}
	}
	run, known := operations[head.Do]
	if !known {
		return answer{Error: &fault{Code: "UnknownOperation", Message: head.Do}}
	}
	result, err := run(p, line)
	if err != nil {
		return answer{Error: faultOf(err)}
	}
	return answer{OK: result}
}

func faultOf(err error) *fault {
	var refused *tablestore.OtsError
	if errors.As(err, &refused) {
		return &fault{Code: refused.Code, Message: refused.Message}
	}
	var tunnelRefused *tunnel.TunnelError
	if errors.As(err, &tunnelRefused) {
		return &fault{Code: tunnelRefused.Code, Message: tunnelRefused.Message}
	}
	return &fault{Code: fmt.Sprintf("%T", err), Message: err.Error()}
}

type nothing struct{}
