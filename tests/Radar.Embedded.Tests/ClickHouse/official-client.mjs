// What people's own programs do with ClickHouse's official client, against the server at the address given.
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";

const [url, username, password, database] = process.argv.slice(2);
const client = createClient({
  url, username, password, database,
  compression: { request: true, response: true },
  log: { level: ClickHouseLogLevel.OFF }, // The refused query below is meant.
});
const expect = (what, found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
};

expect("ping", (await client.ping()).success, true);
expect("ping by select", (await client.ping({ select: true })).success, true);

await client.command({
  query: "CREATE TABLE t (id UInt32, name String, at DateTime64(3), tags Array(String)) ENGINE = ReplacingMergeTree ORDER BY id",
});
const rows = Array.from({ length: 1000 }, (_, id) => ({ id, name: `n${id}\n;'`, at: "2026-01-02 03:04:05.678", tags: ["a", "b"] }));
const inserted = await client.insert({ table: "t", values: rows, format: "JSONEachRow", clickhouse_settings: { async_insert: 0 } });
expect("summary", inserted.summary.written_rows, "1000");

const result = await client.query({
  query: "SELECT * FROM t WHERE id >= {from:UInt32} ORDER BY id LIMIT 2",
  query_params: { from: 10 },
  format: "JSONEachRow",
});
expect("rows", await result.json(), rows.slice(10, 12));

const counted = await client.query({ query: "SELECT count() AS n FROM t FINAL", format: "JSON" });
expect("count", (await counted.json()).data, [{ n: 1000 }]);

let streamed = 0;
const stream = await client.query({ query: "SELECT number FROM numbers(100000)", format: "JSONCompactEachRow" });
for await (const part of stream.stream()) {
  streamed += part.length;
}
expect("streamed", streamed, 100000);

const problem = await client.query({ query: "SELECT * FROM no_such_table" }).catch((error) => error);
expect("error", [problem.code, problem.type], ["60", "UNKNOWN_TABLE"]);
await client.close();
console.log("all well");
