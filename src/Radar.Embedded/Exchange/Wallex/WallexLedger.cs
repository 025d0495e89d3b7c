using System.Globalization;
using System.Text;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>
/// All that the exchange said, for tests to compare with what arrived: a line of JSON for each trade, for each order book's frame and for each
/// socket's beginning and end, in files that outlive the process. Nothing here is locked: the hub's lock is around it.
/// </summary>
internal sealed class WallexLedger : IDisposable
{
    private readonly FileStream? _trades;
    private readonly FileStream? _depth;
    private readonly FileStream? _sockets;
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;

    /// <summary>Opens the ledger and takes up what a predecessor left.</summary>
    /// <param name="folder">Its folder; null: it is kept nowhere.</param>
    /// <param name="recover">Told each trade that is there already, oldest first.</param>
    /// <param name="time">Clock.</param>
    public WallexLedger(string? folder, Action<WallexTrade> recover, TimeProvider time)
    {
        _time = time;
        if (folder is null)
        {
            return;
        }
        Directory.CreateDirectory(folder);
        (_trades, _depth, _sockets) = (Open(folder, Trades), Open(folder, Depth), Open(folder, Sockets));
        using var lines = new StreamReader(Path.Combine(folder, Trades), Encoding.UTF8, false, new FileStreamOptions { Share = FileShare.ReadWrite });
        while (lines.ReadLine() is { } line)
        {
            var frame = WallexFrame.Parse(Encoding.UTF8.GetBytes(line[(line.IndexOf("\"frame\":", StringComparison.Ordinal) + 8)..^1]));
            TradeCount++;
            if (frame is not null && WallexTrade.Read(frame.Symbol, frame.Data) is { } trade)
            {
                _ids.Add(trade.Id);
                recover(trade);
            }
        }
        DepthCount = Lines(Path.Combine(folder, Depth));
    }

    /// <summary>Its files.</summary>
    public const string Trades = "trades.jsonl", Depth = "depth.jsonl", Sockets = "sockets.jsonl";

    /// <summary>Trades so far, equal ones counted each.</summary>
    public long TradeCount { get; private set; }

    /// <summary>Ids so far.</summary>
    public int DistinctTrades => _ids.Count;

    /// <summary>Frames of order books so far.</summary>
    public long DepthCount { get; private set; }

    /// <summary>Enters a frame that was sent to so many sockets.</summary>
    public void Said(WallexFrame frame, WallexTrade? trade, int sent)
    {
        var at = _time.GetUtcNow().ToUnixTimeMilliseconds();
        if (frame.Kind == WallexFrame.Trade)
        {
            TradeCount++;
            var id = trade?.Id ?? "";
            _ids.Add(id);
            Write(_trades, $$"""{"n":{{TradeCount}},"at":{{at}},"id":"{{id}}","symbol":"{{frame.Symbol}}","sent":{{sent}},"frame":""", frame);
        }
        else
        {
            DepthCount++;
            var side = frame.Kind == WallexFrame.BuyDepth ? "buy" : "sell";
            Write(_depth, $$"""{"n":{{DepthCount}},"at":{{at}},"symbol":"{{frame.Symbol}}","side":"{{side}}","sent":{{sent}},"frame":""", frame);
        }
    }

    /// <summary>Enters what happened to a socket.</summary>
    public void Socket(long id, string happened, int channels)
    {
        if (_sockets is { } file)
        {
            file.Write(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{{\"at\":{_time.GetUtcNow().ToUnixTimeMilliseconds()},\"socket\":{id},\"event\":\"{happened}\",\"channels\":{channels}}}\n")));
        }
    }

    /// <summary>Everything so far is in the files.</summary>
    public void Flush()
    {
        _trades?.Flush();
        _depth?.Flush();
        _sockets?.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trades?.Dispose();
        _depth?.Dispose();
        _sockets?.Dispose();
    }

    private static void Write(FileStream? file, string head, WallexFrame frame)
    {
        if (file is not null)
        {
            file.Write(Encoding.UTF8.GetBytes(head));
            file.Write(frame.First.Span);
            file.Write("}\n"u8);
        }
    }

    // A line that a kill tore is cut off.
    private static FileStream Open(string folder, string name)
    {
        var file = new FileStream(Path.Combine(folder, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, 64 * 1024);
        for (var end = file.Length; ; end--)
        {
            file.Position = Math.Max(0, end - 1);
            if (end == 0 || file.ReadByte() == '\n')
            {
                file.SetLength(end);
                file.Position = end;
                return file;
            }
        }
    }

    private static long Lines(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var buffer = new byte[128 * 1024];
        var lines = 0L;
        for (var read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        }
        return lines;
    }
}
