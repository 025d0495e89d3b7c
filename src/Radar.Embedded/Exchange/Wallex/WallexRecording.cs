using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Radar.Embedded.Exchange.Wallex;

/// <summary>Frames that somebody recorded: trades and order books, in order, each byte for byte.</summary>
internal sealed record WallexRecording(IReadOnlyList<WallexFrame> Trades, IReadOnlyList<WallexFrame> Depth)
{
    /// <summary>Markets that occur in it.</summary>
    public IEnumerable<string> Markets => Trades.Concat(Depth).Select(frame => frame.Symbol).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a recording: lines with a frame each, bare or as property <c>frame</c> of an object; or raw streams of Binance, packed.</summary>
    /// <exception cref="EmbeddedException">It cannot be read, or has no frame.</exception>
    public static WallexRecording Read(string path)
    {
        try
        {
            var frames = path.EndsWith(".gz", StringComparison.Ordinal) ? BinanceFrames(path) : File.ReadLines(path).Select(Frame).OfType<WallexFrame>().ToList();
            return frames.Count > 0
                ? new WallexRecording([.. frames.Where(frame => frame.Kind == WallexFrame.Trade)], [.. frames.Where(frame => frame.Kind != WallexFrame.Trade)])
                : throw new EmbeddedException($"The recording '{path}' has no frame of a trade or an order book: see docs/market-capture.md for what it may hold.");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            throw new EmbeddedException($"The recording '{path}' cannot be read: {ex.Message}", ex);
        }
    }

    private static WallexFrame? Frame(string line)
    {
        if (line.AsSpan().Trim() is not ['{', ..])
        {
            return WallexFrame.Parse(Encoding.UTF8.GetBytes(line));
        }
        using var entry = JsonDocument.Parse(line);
        return entry.RootElement.TryGetProperty("frame", out var frame) ? WallexFrame.Parse(Encoding.UTF8.GetBytes(frame.GetRawText())) : null;
    }

    private static List<WallexFrame> BinanceFrames(string path)
    {
        var converter = new BinanceConverter();
        using var lines = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress), Encoding.UTF8);
        var frames = new List<WallexFrame>();
        while (lines.ReadLine() is { } line)
        {
            if (line.IndexOf('{', StringComparison.Ordinal) is var at and >= 0)
            {
                frames.AddRange(converter.Convert(line[at..]));
            }
        }
        return frames;
    }
}
