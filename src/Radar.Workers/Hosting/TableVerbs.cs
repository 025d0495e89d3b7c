using System.Globalization;
using Radar.Jobs.Fleet;
using Radar.Market.ClickHouse;
using Radar.Workers.Sinking;

namespace Radar.Workers.Hosting;

/// <summary><c>radar-worker setup | drop</c>: the table of a sink, as that sink's settings name it.</summary>
internal static class TableVerbs
{
    public const string Setup = "setup";
    public const string Drop = "drop";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="ArgumentException">It was called wrongly.</exception>
    public static async Task<int> RunAsync(string[] args, SettingsReader settings, TextReader? answers, CancellationToken stop)
    {
        var (of, isConfirmed) = Parse(args);
        var options = SinkOptions.Read(of, settings);
        settings.ThrowIfWrong();
        using var server = new ClickHouseClient(options.ClickHouse, TimeProvider.System);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(Patience);
        try
        {
            await server.PingAsync(deadline.Token).ConfigureAwait(false);
            return args[0] == Setup
                ? await SetUpAsync(server, options.Table, deadline.Token).ConfigureAwait(false)
                : await DropAsync(server, options, isConfirmed ? null : answers, isConfirmed, stop).ConfigureAwait(false);
        }
        catch (ClickHouseException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message).ConfigureAwait(false);
            return refused.IsTransient ? ExitCodes.Unavailable : ExitCodes.Misconfigured;
        }
    }

    private static (SinkStream Of, bool IsConfirmed) Parse(string[] args)
    {
        var rest = args.Skip(1).ToList();
        var confirmed = args[0] == Drop && rest.Remove("--yes");
        return rest switch
        {
            [WorkerKinds.TradesSink] => (SinkStream.Trades, confirmed),
            [WorkerKinds.DepthSink] => (SinkStream.Depth, confirmed),
            _ => throw new ArgumentException($"{args[0]} needs the sink whose table it is: radar-worker {args[0]} {WorkerKinds.TradesSink}|{WorkerKinds.DepthSink}{(args[0] == Drop ? " [--yes]" : "")}."),
        };
    }

    private static async Task<int> SetUpAsync(ClickHouseClient server, TableDefinition table, CancellationToken cancellationToken)
    {
        var done = await TableSetup.SetupAsync(server, table, cancellationToken).ConfigureAwait(false);
        foreach (var one in done.DefaultIfEmpty($"{table.Name} is as it should be"))
        {
            Console.WriteLine(one);
        }
        return ExitCodes.Done;
    }

    private static async Task<int> DropAsync(ClickHouseClient server, SinkOptions options, TextReader? answers, bool isConfirmed, CancellationToken stop)
    {
        var table = options.Table.Name;
        if (!await TableSetup.ExistsAsync(server, table, stop).ConfigureAwait(false))
        {
            Console.WriteLine($"There is no {table} at {options.ClickHouse.Url}: nothing to drop.");
            return ExitCodes.Done;
        }
        var rows = ulong.Parse((await server.QueryAsync($"SELECT count() FROM {table}", stop).ConfigureAwait(false))[0][0]!, CultureInfo.InvariantCulture);
        var what = string.Create(CultureInfo.InvariantCulture, $"{table} at {options.ClickHouse.Url} with {rows:N0} rows");
        if (!isConfirmed)
        {
            if (answers is null)
            {
                await Console.Error.WriteLineAsync($"{what} was not dropped: nobody is there to be asked. Say --yes if it is meant.").ConfigureAwait(false);
                return ExitCodes.Usage;
            }
            Console.Write($"This drops {what}, for good. Type {table.Database}.{table.Table} to go on: ");
            if ((await answers.ReadLineAsync(stop).ConfigureAwait(false))?.Trim() != $"{table.Database}.{table.Table}")
            {
                await Console.Error.WriteLineAsync("Nothing was dropped.").ConfigureAwait(false);
                return ExitCodes.Usage;
            }
        }
        await TableSetup.DropAsync(server, table, stop).ConfigureAwait(false);
        Console.WriteLine($"Dropped {what}. A sink makes its table again when it starts; one that runs waits for radar-worker setup.");
        return ExitCodes.Done;
    }
}
