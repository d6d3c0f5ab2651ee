package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

type value struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type keyColumn struct {
	Name string `json:"name"`
	value
}

type cell struct {
	Name string `json:"name"`
	value
	At string `json:"at,omitempty"`
}

type row struct {
	Key     []keyColumn `json:"key"`
	Columns []cell      `json:"columns"`
}

// read gives the value as the SDK takes it.
func (v value) read() (any, error) {
	switch v.Type {
	case "integer":
		return strconv.ParseInt(v.Value, 10, 64)
	case "string":
		return v.Value, nil
	case "boolean":
		return v.Value == "true", nil
	case "binary":
		return base64.StdEncoding.DecodeString(v.Value)
	case "double":
		bits, err := hex.DecodeString(v.Value)
		if err != nil || len(bits) != 8 {
			return nil, fmt.Errorf("no double: %s", v.Value)
		}
		return math.Float64frombits(binary.BigEndian.Uint64(bits)), nil
	}
	return nil, fmt.Errorf("no value of an attribute: %s", v.Type)
}

func writeValue(given any) (value, error) {
	switch v := given.(type) {
	case int64:
		return value{"integer", strconv.FormatInt(v, 10)}, nil
	case string:
		return value{"string", v}, nil
	case bool:
		return value{"boolean", strconv.FormatBool(v)}, nil
	case []byte:
		return value{"binary", base64.StdEncoding.EncodeToString(v)}, nil
	case float64:
		return value{"double", fmt.Sprintf("%016x", math.Float64bits(v))}, nil
	}
	return value{}, fmt.Errorf("the SDK gave a %T", given)
}

func readKey(columns []keyColumn) (*tablestore.PrimaryKey, error) {
	key := new(tablestore.PrimaryKey)
	for _, column := range columns {
		switch column.Type {
		case "min":
			key.AddPrimaryKeyColumnWithMinValue(column.Name)
		case "max":
			key.AddPrimaryKeyColumnWithMaxValue(column.Name)
		case "auto":
			key.AddPrimaryKeyColumnWithAutoIncrement(column.Name)
		default:
			v, err := column.read()
			if err != nil {
				return nil, err
			}
			key.AddPrimaryKeyColumn(column.Name, v)
		}
	}
	return key, nil
}

func writeKey(columns []*tablestore.PrimaryKeyColumn) ([]keyColumn, error) {
	key := make([]keyColumn, 0, len(columns))
	for _, column := range columns {
		v, err := writeValue(column.Value)
		if err != nil {
			return nil, err
		}
		key = append(key, keyColumn{column.ColumnName, v})
	}
	return key, nil
}

// writeRow gives nil for a row that is not there: the SDK gives one without a key.
func writeRow(columns []*tablestore.PrimaryKeyColumn, attributes []*tablestore.AttributeColumn) (*row, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	key, err := writeKey(columns)
	if err != nil {
		return nil, err
	}
	cells := make([]cell, 0, len(attributes))
	for _, attribute := range attributes {
		v, err := writeValue(attribute.Value)
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell{attribute.ColumnName, v, strconv.FormatInt(attribute.Timestamp, 10)})
	}
	return &row{key, cells}, nil
}
