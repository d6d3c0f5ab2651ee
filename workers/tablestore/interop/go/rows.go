package main

import (
	"fmt"
	"strconv"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

type tableAsk struct {
	Table       string      `json:"table"`
	Key         []keySchema `json:"key"`
	Versions    int         `json:"versions"`
	StreamHours int32       `json:"streamHours"`
}

type keySchema struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Auto bool   `json:"auto,omitempty"`
}

var keyTypes = map[string]tablestore.PrimaryKeyType{
	"integer": tablestore.PrimaryKeyType_INTEGER,
	"string":  tablestore.PrimaryKeyType_STRING,
	"binary":  tablestore.PrimaryKeyType_BINARY,
}

func (p *program) createTable(ask tableAsk) (any, error) {
	meta := &tablestore.TableMeta{TableName: ask.Table}
	for _, column := range ask.Key {
		if column.Auto {
			meta.AddPrimaryKeyColumnOption(column.Name, keyTypes[column.Type], tablestore.AUTO_INCREMENT)
		} else {
			meta.AddPrimaryKeyColumn(column.Name, keyTypes[column.Type])
		}
	}
	request := &tablestore.CreateTableRequest{
		TableMeta:          meta,
		TableOption:        tablestore.NewTableOptionWithMaxVersion(max(ask.Versions, 1)),
		ReservedThroughput: &tablestore.ReservedThroughput{},
	}
	if ask.StreamHours > 0 {
		request.StreamSpec = &tablestore.StreamSpecification{EnableStream: true, ExpirationTime: ask.StreamHours}
	}
	_, err := p.data.CreateTable(request)
	return nothing{}, err
}

func (p *program) describeTable(ask tableAsk) (any, error) {
	described, err := p.data.DescribeTable(&tablestore.DescribeTableRequest{TableName: ask.Table})
	if err != nil {
		return nil, err
	}
	key := []keySchema{}
	for _, column := range described.TableMeta.SchemaEntry {
		for name, keyType := range keyTypes {
			if keyType == *column.Type {
				auto := column.Option != nil && *column.Option == tablestore.AUTO_INCREMENT
				key = append(key, keySchema{*column.Name, name, auto})
			}
		}
	}
	return map[string]any{"key": key, "versions": described.TableOption.MaxVersion}, nil
}

func (p *program) listTables(nothing) (any, error) {
	listed, err := p.data.ListTable()
	if err != nil {
		return nil, err
	}
	return map[string]any{"tables": append([]string{}, listed.TableNames...)}, nil
}

func (p *program) deleteTable(ask tableAsk) (any, error) {
	_, err := p.data.DeleteTable(&tablestore.DeleteTableRequest{TableName: ask.Table})
	return nothing{}, err
}

type writeAsk struct {
	Kind           string      `json:"kind"`
	Table          string      `json:"table"`
	Key            []keyColumn `json:"key"`
	Put            []cell      `json:"put"`
	DeleteColumns  []string    `json:"deleteColumns"`
	DeleteVersions []struct {
		Name string `json:"name"`
		At   string `json:"at"`
	} `json:"deleteVersions"`
	Increments []struct {
		Name string `json:"name"`
		By   string `json:"by"`
	} `json:"increments"`
	Expect    string  `json:"expect"`
	Condition *filter `json:"condition"`
	ReturnKey bool    `json:"returnKey"`
}

var expectations = map[string]tablestore.RowExistenceExpectation{
	"":                 tablestore.RowExistenceExpectation_IGNORE,
	"IGNORE":           tablestore.RowExistenceExpectation_IGNORE,
	"EXPECT_EXIST":     tablestore.RowExistenceExpectation_EXPECT_EXIST,
	"EXPECT_NOT_EXIST": tablestore.RowExistenceExpectation_EXPECT_NOT_EXIST,
}

// change makes what the SDK sends for one row, alone or in a batch.
func (ask writeAsk) change() (tablestore.RowChange, error) {
	key, err := readKey(ask.Key)
	if err != nil {
		return nil, err
	}
	condition := &tablestore.RowCondition{RowExistenceExpectation: expectations[ask.Expect]}
	if ask.Condition != nil {
		if condition.ColumnCondition, err = ask.Condition.read(); err != nil {
			return nil, err
		}
	}
	switch ask.Kind {
	case "put":
		return ask.putChange(key, condition)
	case "update":
		return ask.updateChange(key, condition)
	case "delete":
		return &tablestore.DeleteRowChange{TableName: ask.Table, PrimaryKey: key, Condition: condition}, nil
	}
	return nil, fmt.Errorf("no kind of write: %s", ask.Kind)
}

func (ask writeAsk) putChange(key *tablestore.PrimaryKey, condition *tablestore.RowCondition) (tablestore.RowChange, error) {
	change := &tablestore.PutRowChange{TableName: ask.Table, PrimaryKey: key, Condition: condition}
	if ask.ReturnKey {
		change.SetReturnPk()
	}
	for _, column := range ask.Put {
		v, at, err := column.readAt()
		if err != nil {
			return nil, err
		}
		if at == nil {
			change.AddColumn(column.Name, v)
		} else {
			change.AddColumnWithTimestamp(column.Name, v, *at)
		}
	}
	return change, nil
}

func (ask writeAsk) updateChange(key *tablestore.PrimaryKey, condition *tablestore.RowCondition) (tablestore.RowChange, error) {
	change := &tablestore.UpdateRowChange{TableName: ask.Table, PrimaryKey: key, Condition: condition}
	for _, column := range ask.Put {
		v, at, err := column.readAt()
		if err != nil {
			return nil, err
		}
		if at == nil {
			change.PutColumn(column.Name, v)
		} else {
			change.PutColumnWithTimestamp(column.Name, v, *at)
		}
	}
	for _, name := range ask.DeleteColumns {
		change.DeleteColumn(name)
	}
	for _, version := range ask.DeleteVersions {
		at, err := strconv.ParseInt(version.At, 10, 64)
		if err != nil {
			return nil, err
		}
		change.DeleteColumnWithTimestamp(version.Name, at)
	}
	for _, increment := range ask.Increments {
		by, err := strconv.ParseInt(increment.By, 10, 64)
		if err != nil {
			return nil, err
		}
		change.IncrementColumn(increment.Name, by)
	}
	return change, nil
}

func (c cell) readAt() (any, *int64, error) {
	v, err := c.read()
	if err != nil || c.At == "" {
		return v, nil, err
	}
	at, err := strconv.ParseInt(c.At, 10, 64)
	return v, &at, err
}

func (p *program) write(ask writeAsk) (any, error) {
	change, err := ask.change()
	if err != nil {
		return nil, err
	}
	var returned []*tablestore.PrimaryKeyColumn
	switch change := change.(type) {
	case *tablestore.PutRowChange:
		response, err := p.data.PutRow(&tablestore.PutRowRequest{PutRowChange: change})
		if err != nil {
			return nil, err
		}
		returned = response.PrimaryKey.PrimaryKeys
	case *tablestore.UpdateRowChange:
		_, err = p.data.UpdateRow(&tablestore.UpdateRowRequest{UpdateRowChange: change})
	case *tablestore.DeleteRowChange:
		_, err = p.data.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change})
	}
	if err != nil || len(returned) == 0 {
		return map[string]any{"key": nil}, err
	}
	key, err := writeKey(returned)
	return map[string]any{"key": key}, err
}

type batchResult struct {
	OK   bool   `json:"ok"`
	Code string `json:"code,omitempty"`
}

func (p *program) batchWrite(ask struct {
	Writes []writeAsk `json:"writes"`
}) (any, error) {
	request := &tablestore.BatchWriteRowRequest{}
	for _, write := range ask.Writes {
		change, err := write.change()
		if err != nil {
			return nil, err
		}
		request.AddRowChange(change)
	}
	response, err := p.data.BatchWriteRow(request)
	if err != nil {
		return nil, err
	}
	results := []batchResult{}
	for _, row := range response.TableToRowsResult[ask.Writes[0].Table] {
		results = append(results, batchResult{row.IsSucceed, row.Error.Code})
	}
	return map[string]any{"results": results}, nil
}

type getAsk struct {
	Table    string      `json:"table"`
	Key      []keyColumn `json:"key"`
	Columns  []string    `json:"columns"`
	Versions int32       `json:"versions"`
	Filter   *filter     `json:"filter"`
}

func (p *program) getRow(ask getAsk) (any, error) {
	key, err := readKey(ask.Key)
	if err != nil {
		return nil, err
	}
	criteria := &tablestore.SingleRowQueryCriteria{
		TableName:    ask.Table,
		PrimaryKey:   key,
		ColumnsToGet: ask.Columns,
		MaxVersion:   max(ask.Versions, 1),
	}
	if ask.Filter != nil {
		if criteria.Filter, err = ask.Filter.read(); err != nil {
			return nil, err
		}
	}
	response, err := p.data.GetRow(&tablestore.GetRowRequest{SingleRowQueryCriteria: criteria})
	if err != nil {
		return nil, err
	}
	found, err := writeRow(response.PrimaryKey.PrimaryKeys, response.Columns)
	return map[string]any{"row": found}, err
}

type rangeAsk struct {
	Table    string      `json:"table"`
	Backward bool        `json:"backward"`
	From     []keyColumn `json:"from"`
	To       []keyColumn `json:"to"`
	Limit    int32       `json:"limit"`
	Filter   *filter     `json:"filter"`
}

func (p *program) getRange(ask rangeAsk) (any, error) {
	from, err := readKey(ask.From)
	if err != nil {
		return nil, err
	}
	to, err := readKey(ask.To)
	if err != nil {
		return nil, err
	}
	criteria := &tablestore.RangeRowQueryCriteria{
		TableName:       ask.Table,
		StartPrimaryKey: from,
		EndPrimaryKey:   to,
		Limit:           ask.Limit,
		MaxVersion:      1,
	}
	if ask.Backward {
		criteria.Direction = tablestore.BACKWARD
	}
	if ask.Filter != nil {
		if criteria.Filter, err = ask.Filter.read(); err != nil {
			return nil, err
		}
	}
	response, err := p.data.GetRange(&tablestore.GetRangeRequest{RangeRowQueryCriteria: criteria})
	if err != nil {
		return nil, err
	}
	rows := []*row{}
	for _, each := range response.Rows {
		found, err := writeRow(each.PrimaryKey.PrimaryKeys, each.Columns)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found)
	}
	if response.NextStartPrimaryKey == nil {
		return map[string]any{"rows": rows, "next": nil}, nil
	}
	next, err := writeKey(response.NextStartPrimaryKey.PrimaryKeys)
	return map[string]any{"rows": rows, "next": next}, err
}

func (p *program) batchGet(ask struct {
	Table string        `json:"table"`
	Keys  [][]keyColumn `json:"keys"`
}) (any, error) {
	criteria := &tablestore.MultiRowQueryCriteria{TableName: ask.Table, MaxVersion: 1}
	for _, columns := range ask.Keys {
		key, err := readKey(columns)
		if err != nil {
			return nil, err
		}
		criteria.AddRow(key)
	}
	request := &tablestore.BatchGetRowRequest{MultiRowQueryCriteria: []*tablestore.MultiRowQueryCriteria{criteria}}
	response, err := p.data.BatchGetRow(request)
	if err != nil {
		return nil, err
	}
	rows := []*row{}
	for _, each := range response.TableToRowsResult[ask.Table] {
		found, err := writeRow(each.PrimaryKey.PrimaryKeys, each.Columns)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found)
	}
	return map[string]any{"rows": rows}, nil
}
