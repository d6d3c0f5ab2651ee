package main

import (
	"fmt"
	"strconv"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

type taskAsk struct {
	Table  string     `json:"table"`
	Name   string     `json:"name"`
	Type   string     `json:"type"`
	Config taskConfig `json:"config"`
}

type taskConfig struct {
	Prefix    string       `json:"prefix"`
	Bucket    string       `json:"bucket"`
	Endpoint  string       `json:"endpoint"`
	Role      string       `json:"role"`
	EventTime *eventTime   `json:"eventTime,omitempty"`
	Schema    []taskColumn `json:"schema"`
}

type eventTime struct {
	Column string `json:"column"`
	Format string `json:"format"`
}

type taskColumn struct {
	Column string `json:"column"`
	Name   string `json:"name"`
	Type   int32  `json:"type"`
	Encode int32  `json:"encode"`
}

var (
	taskTypes  = []string{"BASE", "INC", "BASE_INC"}
	taskPhases = []string{"INIT", "FULL", "INCR"}
	taskErrors = []string{"OK", "UNAUTHORIZED", "INVALID_OSS_BUCKET"}
	// From 1.
	timeFormats = []string{"", "RFC822", "RFC850", "RFC1123", "RFC3339", "Unix"}
)

func indexOf(names []string, name string) int32 {
	for index, each := range names {
		if each == name {
			return int32(index)
		}
	}
	return -1
}

func nameOf(names []string, index int32) string {
	if index < 0 || int(index) >= len(names) {
		return fmt.Sprintf("unknown %d", index)
	}
	return names[index]
}

func (p *program) createDeliveryTask(ask taskAsk) (any, error) {
	config := &tablestore.OSSTaskConfig{
		OssPrefix:   ask.Config.Prefix,
		OssBucket:   ask.Config.Bucket,
		OssEndpoint: ask.Config.Endpoint,
		OssRoleName: ask.Config.Role,
		Format:      tablestore.ParquetFormat,
	}
	if time := ask.Config.EventTime; time != nil {
		format := tablestore.TimeFormat(indexOf(timeFormats, time.Format))
		config.EventTimeColumn = &tablestore.EventColumn{ColumnName: time.Column, TimeFormat: format}
	}
	for _, column := range ask.Config.Schema {
		config.Schema = append(config.Schema, &tablestore.TaskSchema{
			ColumnName:    column.Column,
			OssColumnName: column.Name,
			Type:          tablestore.ParquetDataType(column.Type),
			Encode:        tablestore.Encoding(column.Encode),
		})
	}
	_, err := p.data.CreateDeliveryTask(&tablestore.CreateDeliveryTaskRequest{
		TableName:  ask.Table,
		TaskName:   ask.Name,
		TaskType:   tablestore.TaskType(indexOf(taskTypes, ask.Type)),
		TaskConfig: config,
	})
	return nothing{}, err
}

func (p *program) describeDeliveryTask(ask taskAsk) (any, error) {
	request := &tablestore.DescribeDeliveryTaskRequest{TableName: ask.Table, TaskName: ask.Name}
	response, err := p.data.DescribeDeliveryTask(request)
	if err != nil {
		return nil, err
	}
	given, stat := response.TaskConfig, response.TaskSyncStat
	config := taskConfig{
		Prefix:   given.OssPrefix,
		Bucket:   given.OssBucket,
		Endpoint: given.OssEndpoint,
		Role:     given.OssRoleName,
		Schema:   []taskColumn{},
	}
	if time := given.EventTimeColumn; time != nil {
		config.EventTime = &eventTime{time.ColumnName, nameOf(timeFormats, int32(time.TimeFormat))}
	}
	for _, column := range given.Schema {
		config.Schema = append(config.Schema, taskColumn{
			column.ColumnName, column.OssColumnName, int32(column.Type), int32(column.Encode),
		})
	}
	return map[string]any{
		"type":    nameOf(taskTypes, int32(response.TaskType)),
		"config":  config,
		"phase":   nameOf(taskPhases, int32(stat.TaskSyncPhase)),
		"through": strconv.FormatInt(stat.CurrentSyncTimestamp/1_000_000, 10),
		"error":   nameOf(taskErrors, int32(stat.ErrorCode)),
		"detail":  stat.Detail,
	}, nil
}

func (p *program) listDeliveryTasks(ask taskAsk) (any, error) {
	response, err := p.data.ListDeliveryTask(&tablestore.ListDeliveryTaskRequest{TableName: ask.Table})
	if err != nil {
		return nil, err
	}
	tasks := []map[string]string{}
	for _, task := range response.Tasks {
		tasks = append(tasks, map[string]string{
			"table": task.TableName,
			"name":  task.TaskName,
			"type":  nameOf(taskTypes, int32(task.TaskType)),
		})
	}
	return map[string]any{"tasks": tasks}, nil
}

func (p *program) deleteDeliveryTask(ask taskAsk) (any, error) {
	request := &tablestore.DeleteDeliveryTaskRequest{TableName: ask.Table, TaskName: ask.Name}
	_, err := p.data.DeleteDeliveryTask(request)
	return nothing{}, err
}
