using Microsoft.Extensions.Logging;
using Radar.Market.ClickHouse;
using Radar.Market.Topics;
using Radar.Workers.Hosting;
using Radar.Workers.Sinking.Trades;

namespace Radar.Workers.Sinking;

/// <summary>A topic's records into ClickHouse: trades, or sides of order books.</summary>
internal sealed partial class Sink(SinkOptions options) : IWorker
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private WorkerContext _context = null!;
    private ILogger _logger = null!;
    private long _batches;
    private long _deadLetters;
    private string? _incarnation;
    private RenewedTopic? _renewed;
    private bool _running;

    public async Task RunAsync(WorkerContext context, CancellationToken cancellationToken)
    {
        (_context, _logger, _running) = (context, context.Loggers.CreateLogger<Sink>(), false);
        using var server = new ClickHouseClient(options.ClickHouse, context.Time);
        await SetUpAsync(server, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            try
            {
                await WorkAsync(context, server, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception other) when (other is TopicBegunAnewException or TopicEndLostException or PartitionLostException)
            {
                LogAgain(other.Message);
            }
            await Task.Delay(Retry, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task WorkAsync(WorkerContext context, ClickHouseClient server, CancellationToken cancellationToken)
    {
        await PrepareTopicsAsync(cancellationToken).ConfigureAwait(false);
        var incarnation = await TopicIncarnation.ReadAsync(options.BootstrapServers, options.Topic, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_incarnation is not null && _incarnation != incarnation)
        {
            _renewed = new RenewedTopic();
            LogAnew(options.Topic);
        }
        _incarnation = incarnation;
        // librdkafka's mock cluster does not know members that outlive a restart.
        var member = incarnation.StartsWith(TopicIncarnation.MarkerPrefix, StringComparison.Ordinal) || context.IsAlone ? null : $"radar/{context.Id}";
        var blocks = options.Stream == SinkStream.Depth && !context.IsAlone ? new DepthBlocks(context.Database, options.Topic, incarnation, context.Lease.Fence) : null;
        using var office = new DeadLetterOffice(options.BootstrapServers, options.DeadLetters, context.Time);
        var writer = new BatchWriter(
            server, options.Table, office, options.Topic, context.Id.Value, activity => context.Activity = activity, context.Time, context.Loggers.CreateLogger<BatchWriter>());
        using var run = new SinkRun(
            options, context, writer, options.Stream == SinkStream.Trades ? new TradeParser(options.CountEqualTrades) : new DepthParser(options.Format), blocks,
            new TopicIdentity(options, incarnation, context.Time), _renewed, member);
        try
        {
            await Task.Run(() => run.RunAsync(now => LookAsync(now, writer, cancellationToken), cancellationToken), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            Tell(run, writer);
            (_batches, _deadLetters) = (_batches + writer.Batches, _deadLetters + writer.DeadLetters);
        }
    }

    // The table is made where it is not; a server that is away is waited for, and so is somebody who puts right what only a person can.
    private async Task SetUpAsync(ClickHouseClient server, CancellationToken cancellationToken)
    {
        for (string? told = null; ;)
        {
            try
            {
                await server.PingAsync(cancellationToken).ConfigureAwait(false);
                foreach (var done in await TableSetup.SetupAsync(server, options.Table, cancellationToken).ConfigureAwait(false))
                {
                    LogSetUp(done);
                }
                LogConnected();
                if (options.Stream == SinkStream.Depth)
                {
                    LogFormat(options.Format == DepthFormat.Array ? "ARRAY" : "FLAT");
                }
                _context.Activity = null;
                return;
            }
            catch (ClickHouseException problem)
            {
                if (told != problem.Message)
                {
                    LogWaiting(told = problem.Message);
                }
                _context.Activity = $"waiting for ClickHouse: {problem.Message}";
                server.ForgetFeatures();
                await Task.Delay(Retry, _context.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task PrepareTopicsAsync(CancellationToken cancellationToken)
    {
        await TopicSetup.EnsureAsync(options.BootstrapServers, options.Topic, options.Partitions, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        await TopicSetup.EnsureAsync(options.BootstrapServers, options.DeadLetters, 1, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (options.RaisePartitions)
        {
            try
            {
                await TopicSetup.RaiseAsync(options.BootstrapServers, options.Topic, options.Partitions, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (BrokerException refused) when (!refused.IsTransient)
            {
                LogNotRaised(refused.Message);
            }
        }
    }

    private async Task LookAsync(SinkRun run, BatchWriter writer, CancellationToken cancellationToken)
    {
        Tell(run, writer);
        if (run.TakeTrouble() is { } trouble)
        {
            LogBroker(trouble);
        }
        if (!_running && run.IsMember)
        {
            _running = true;
            await _context.ReportRunningAsync(cancellationToken).ConfigureAwait(false);
        }
        if (_running && run.Partitions == 0)
        {
            _context.Activity = "standing by: other sinks of the group have all partitions";
        }
        else if (_context.Activity?.StartsWith("standing by", StringComparison.Ordinal) == true)
        {
            _context.Activity = null;
        }
    }

    private void Tell(SinkRun run, BatchWriter writer)
    {
        _context.Figures.Set("lag", run.Lag());
        _context.Figures.Set("unstored", run.Unstored);
        _context.Figures.Set("partitions", run.Partitions);
        _context.Figures.Set("batches", _batches + writer.Batches);
        _context.Figures.Set("deadLetters", _deadLetters + writer.DeadLetters);
        if (writer.SinceInsert is { } since)
        {
            _context.Figures.Set("lastInsertAgeSeconds", Math.Round(since.TotalSeconds, 1));
        }
    }

    [LoggerMessage(LogLevel.Information, "Successfully connected to ClickHouse.")]
    private partial void LogConnected();

    [LoggerMessage(LogLevel.Warning, "Topic {Topic} began anew. Reading it from its beginning")]
    private partial void LogAnew(string topic);

    [LoggerMessage(LogLevel.Warning, "{Problem} Taking the partitions over anew")]
    private partial void LogAgain(string problem);

    [LoggerMessage(LogLevel.Information, "Using {Format} schema format.")]
    private partial void LogFormat(string format);

    [LoggerMessage(LogLevel.Information, "ClickHouse: {Done}")]
    private partial void LogSetUp(string done);

    [LoggerMessage(LogLevel.Warning, "Waiting for ClickHouse: {Problem}")]
    private partial void LogWaiting(string problem);

    [LoggerMessage(LogLevel.Warning, "Kafka: {Problem}")]
    private partial void LogBroker(string problem);

    [LoggerMessage(LogLevel.Warning, "{Problem}; going on with those there are")]
    private partial void LogNotRaised(string problem);
}
