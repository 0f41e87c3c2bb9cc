// Porcupine as a partner of mistrial's search: histories in, verdicts out, one JSON document a line.
//
// In:  {"model": "register" | "key-value", "limit_ms": N, "ops": [[f, key, a, b, out, call, return], ...]}
//
//	f is 0 read, 1 write, 2 cas, 3 append; a register holds integers, and null at first; a store holds text, and none at
//	first. out is what a read returned. return is null for an operation that may take effect at any time or never.
//
// Out: {"verdict": "ok" | "illegal" | "unknown", "ns": N}: how long the check itself took.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const nothing = math.MinInt64 // a register before its first write

const (
	read = iota
	write
	cas
	appendTo
)

type registerCall struct {
	f       int
	a, b    int64
	out     int64
	unknown bool
}

var register = porcupine.Model{
	Init: func() interface{} { return int64(nothing) },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		s, call := state.(int64), input.(registerCall)
		switch call.f {
		case read:
			return call.unknown || call.out == s, s
		case write:
			return true, call.a
		default:
			if call.a == s {
				return true, call.b
			}
			return call.unknown, s
		}
	},
	Hash: func(state interface{}) uint64 { return uint64(state.(int64)) * 0x9e3779b97f4a7c15 },
}

type storeCall struct {
	f       int
	key     string
	text    string
	out     string
	unknown bool
}

var store = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		place := map[string]int{}
		var parts [][]porcupine.Operation
		for _, operation := range history {
			key := operation.Input.(storeCall).key
			at, known := place[key]
			if !known {
				at = len(parts)
				place[key] = at
				parts = append(parts, nil)
			}
			parts[at] = append(parts[at], operation)
		}
		return parts
	},
	Init: func() interface{} { return "" },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		s, call := state.(string), input.(storeCall)
		switch call.f {
		case read:
			return call.unknown || call.out == s, s
		case write:
			return true, call.text
		default:
			return true, s + call.text
		}
	},
	Hash: func(state interface{}) uint64 {
		h := fnv.New64a()
		h.Write([]byte(state.(string)))
		return h.Sum64()
	},
}

type history struct {
	Model   string              `json:"model"`
	LimitMs int64               `json:"limit_ms"`
	Ops     [][]json.RawMessage `json:"ops"`
}

func number(raw json.RawMessage) int64 {
	if string(raw) == "null" {
		return nothing
	}
	var value int64
	if err := json.Unmarshal(raw, &value); err != nil {
		panic(err)
	}
	return value
}

func text(raw json.RawMessage) string {
	if string(raw) == "null" {
		return ""
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil {
		panic(err)
	}
	return value
}

func operations(h history) []porcupine.Operation {
	var all []porcupine.Operation
	for i, op := range h.Ops {
		f := int(number(op[0]))
		open := string(op[6]) == "null"
		operation := porcupine.Operation{ClientId: i, Call: number(op[5]), Return: math.MaxInt64}
		if !open {
			operation.Return = number(op[6])
		}
		if h.Model == "register" {
			operation.Input = registerCall{f, number(op[2]), number(op[3]), number(op[4]), open}
		} else {
			operation.Input = storeCall{f, text(op[1]), text(op[2]), text(op[4]), open}
		}
		all = append(all, operation)
	}
	return all
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := bufio.NewWriter(os.Stdout)
	decoder := json.NewDecoder(lines)
	for decoder.More() {
		var h history
		if err := decoder.Decode(&h); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		model := register
		if h.Model != "register" {
			model = store
		}
		all := operations(h)
		began := time.Now()
		result := porcupine.CheckOperationsTimeout(model, all, time.Duration(h.LimitMs)*time.Millisecond)
		took := time.Since(began)
		verdict := map[porcupine.CheckResult]string{porcupine.Ok: "ok", porcupine.Illegal: "illegal", porcupine.Unknown: "unknown"}[result]
		fmt.Fprintf(answers, "{\"verdict\":%q,\"ns\":%d}\n", verdict, took.Nanoseconds())
		answers.Flush()
	}
}
