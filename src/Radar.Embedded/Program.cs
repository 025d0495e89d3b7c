using System.CommandLine;
using Radar.Embedded.ClickHouse;
using Radar.Embedded.Exchange;
using Radar.Embedded.Kafka;
using Radar.Embedded.Launch;
using Radar.Embedded.Postgres;

var root = new RootCommand("Radar's launcher and the local services it runs")
{
    UpCommand.Create(),
    DownCommand.Create(),
    ExchangeCommand.Create(),
    PostgresCommand.Create(),
    KafkaCommand.Create(),
    ClickHouseCommand.Create(),
};
// Each verb stops in its own time; the library would end the process after two seconds.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
