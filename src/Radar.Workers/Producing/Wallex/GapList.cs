using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Radar.Workers.Hosting;

namespace Radar.Workers.Producing.Wallex;

/// <summary>
/// Lists what is lost: a line of JSON for each stretch of a market that REST could not repair, in <c>gaps/</c> of the logs' folder, and among the worker's
/// events.
/// </summary>
internal sealed partial class GapList(string logsDirectory, WorkerContext context)
{
    private const int MostUntold = 10_000;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly Channel<string> _untold = Channel.CreateBounded<string>(new BoundedChannelOptions(MostUntold) { FullMode = BoundedChannelFullMode.DropOldest }); // The file has them.
    private readonly ILogger _logger = context.Loggers.CreateLogger<GapList>();
    private readonly Lock _lock = new();

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.Combine(logsDirectory, "gaps", context.Id.FileName + ".jsonl");

    /// <summary>Gaps listed by this process.</summary>
    public int Count { get; private set; }

    /// <summary>Lists a stretch in which trades of a market may be lacking.</summary>
    public void Add(string symbol, DateTimeOffset from, DateTimeOffset to, string reason)
    {
        LogLost(symbol, from.UtcDateTime, to.UtcDateTime, reason);
        lock (_lock)
        {
            Count++;
            Write(symbol, from, to, reason);
        }
        _untold.Writer.TryWrite(
            $"trades of {symbol} from {from.UtcDateTime:yyyy-MM-dd HH:mm:ss} to {to.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC may be lacking: {reason}");
    }

    /// <summary>Tells PostgreSQL, as soon as that is there, until it is stopped.</summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        await foreach (var gap in _untold.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            while (!context.IsAlone)
            {
                try
                {
                    await context.Reports.TellAsync(context.Lease.Fence, "gap", gap, cancellationToken).ConfigureAwait(false);
                    break;
                }
                catch (Exception away) when (Market.Storage.DatabaseAway.Is(away) && !cancellationToken.IsCancellationRequested)
                {
                    await Task.Delay(Retry, context.Time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private void Write(string symbol, DateTimeOffset from, DateTimeOffset to, string reason)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            using var line = new MemoryStream();
            using (var json = new Utf8JsonWriter(line))
            {
                json.WriteStartObject();
                json.WriteString("at", context.Time.GetUtcNow());
                json.WriteString("symbol", symbol);
                json.WriteString("from", from);
                json.WriteString("to", to);
                json.WriteString("reason", reason);
                json.WriteEndObject();
            }
            line.WriteByte((byte)'\n');
            using var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(line.GetBuffer(), 0, (int)line.Length);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            LogUnlisted(Path, problem.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Trades of {Symbol} from {From:yyyy-MM-dd HH:mm:ss} to {To:yyyy-MM-dd HH:mm:ss} UTC may be lacking: {Reason}")]
    private partial void LogLost(string symbol, DateTime from, DateTime to, string reason);

    [LoggerMessage(LogLevel.Error, "The gap could not be listed in '{File}': {Problem}")]
    private partial void LogUnlisted(string file, string problem);
}
