package main

import (
	"fmt"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

type filter struct {
	Kind          string   `json:"kind"`
	Column        string   `json:"column"`
	Operator      string   `json:"operator"`
	Value         value    `json:"value"`
	PassIfMissing bool     `json:"passIfMissing"`
	LatestOnly    bool     `json:"latestOnly"`
	Of            []filter `json:"of"`
	Offset        int32    `json:"offset"`
	Limit         int32    `json:"limit"`
}

var comparators = map[string]tablestore.ComparatorType{
	"=":  tablestore.CT_EQUAL,
	"!=": tablestore.CT_NOT_EQUAL,
	">":  tablestore.CT_GREATER_THAN,
	">=": tablestore.CT_GREATER_EQUAL,
	"<":  tablestore.CT_LESS_THAN,
	"<=": tablestore.CT_LESS_EQUAL,
}

var operators = map[string]tablestore.LogicalOperator{
	"and": tablestore.LO_AND,
	"or":  tablestore.LO_OR,
	"not": tablestore.LO_NOT,
}

func (f filter) read() (tablestore.ColumnFilter, error) {
	switch f.Kind {
	case "page":
		return &tablestore.PaginationFilter{Offset: f.Offset, Limit: f.Limit}, nil
	case "compare":
		v, err := f.Value.read()
		if err != nil {
			return nil, err
		}
		condition := tablestore.NewSingleColumnCondition(f.Column, comparators[f.Operator], v)
		condition.FilterIfMissing = !f.PassIfMissing
		condition.LatestVersionOnly = f.LatestOnly
		return condition, nil
	}
	operator, known := operators[f.Kind]
	if !known {
		return nil, fmt.Errorf("no kind of filter: %s", f.Kind)
	}
	composite := tablestore.NewCompositeColumnCondition(operator)
	for _, part := range f.Of {
		sub, err := part.read()
		if err != nil {
			return nil, err
		}
		composite.AddFilter(sub)
	}
	return composite, nil
}
