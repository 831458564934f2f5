// Asks the statements on its standard input, one JSON text a line, as Grafana's data source does: clickhouse-go over HTTP, through
// database/sql. Prints one line of JSON for each: the rows, or the error.
package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type answer struct {
	Columns []string `json:"columns,omitempty"`
	Rows    [][]any  `json:"rows,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	address, user, password, compression := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	methods := map[string]clickhouse.CompressionMethod{
		"none": clickhouse.CompressionNone,
		"lz4":  clickhouse.CompressionLZ4,
		"zstd": clickhouse.CompressionZSTD,
		"gzip": clickhouse.CompressionGZIP,
	}
	database := clickhouse.OpenDB(&clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{address},
		Auth:        clickhouse.Auth{Database: "default", Username: user, Password: password},
		Compression: &clickhouse.Compression{Method: methods[compression]},
	})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var statement string
		if err := json.Unmarshal(lines.Bytes(), &statement); err != nil {
			panic(err)
		}
		written, err := json.Marshal(ask(database, statement))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(written))
	}
}

func ask(database *sql.DB, statement string) answer {
	rows, err := database.Query(statement)
	if err != nil {
		return failed(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return failed(err)
	}
	found := answer{Columns: columns}
	for rows.Next() {
		row, places := make([]any, len(columns)), make([]any, len(columns))
		for index := range row {
			places[index] = &row[index]
		}
		if err := rows.Scan(places...); err != nil {
			return failed(err)
		}
		found.Rows = append(found.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return failed(err)
	}
	return found
}

func failed(err error) answer {
	return answer{Error: err.Error()}
}
