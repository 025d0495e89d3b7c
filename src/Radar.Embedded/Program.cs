using System.CommandLine;
using Radar.Embedded.Exchange;
using Radar.Embedded.Kafka;
using Radar.Embedded.Postgres;

var root = new RootCommand("Radar's launcher and the local services it runs")
{
    ExchangeCommand.Create(),
    PostgresCommand.Create(),
    KafkaCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
