using System.Net.Http.Json;
using System.Text.Json;

namespace Radar.Capture.Tests;

/// <summary>What the exchange says that it did.</summary>
internal sealed class Ledger(Uri exchange) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = exchange, Timeout = TimeSpan.FromMinutes(1) };

    /// <summary>Counts so far.</summary>
    public Task<JsonElement> CountsAsync() => _http.GetFromJsonAsync<JsonElement>("/radar/wallex/ledger");

    /// <summary>One of them.</summary>
    public async Task<long> CountAsync(string name) => (await CountsAsync()).GetProperty(name).GetInt64();

    /// <summary>Tells the exchange what to do, such as <c>running=false</c>.</summary>
    public async Task ControlAsync(string what) => (await _http.PostAsync(new Uri("/radar/wallex/control?" + what, UriKind.Relative), null)).EnsureSuccessStatusCode();

    /// <summary>Says a frame.</summary>
    public async Task SayAsync(string frame) =>
        (await _http.PostAsync(new Uri("/radar/wallex/say", UriKind.Relative), new StringContent(frame))).EnsureSuccessStatusCode();

    /// <summary>Every trade, equal ones each.</summary>
    public async Task<List<LedgerTrade>> TradesAsync() => [.. await LinesAsync("trades", entry => new LedgerTrade(
        entry.GetProperty("id").GetString()!, entry.GetProperty("symbol").GetString()!, At(entry),
        entry.GetProperty("frame")[1].GetProperty("timestamp").GetDateTimeOffset()))];

    /// <summary>Every frame of each side of each order book, in order.</summary>
    public async Task<Dictionary<(string Symbol, string Side), List<LedgerBook>>> BooksAsync() =>
        (await LinesAsync("depth", entry => (Key: (entry.GetProperty("symbol").GetString()!, entry.GetProperty("side").GetString()!), Book: new LedgerBook(
            At(entry), BookText.Of(entry.GetProperty("frame")[1]), entry.GetProperty("sent").GetInt32()))))
        .GroupBy(line => line.Key).ToDictionary(side => side.Key, side => side.Select(line => line.Book).ToList());

    public void Dispose() => _http.Dispose();

    private async Task<List<T>> LinesAsync<T>(string name, Func<JsonElement, T> read)
    {
        using var stream = new StreamReader(await _http.GetStreamAsync(new Uri("/radar/wallex/ledger/" + name, UriKind.Relative)));
        var lines = new List<T>();
        while (await stream.ReadLineAsync() is { } line)
        {
            using var entry = JsonDocument.Parse(line);
            lines.Add(read(entry.RootElement));
        }
        return lines;
    }

    private static DateTimeOffset At(JsonElement entry) => DateTimeOffset.FromUnixTimeMilliseconds(entry.GetProperty("at").GetInt64());
}

/// <summary>A trade: its id as A.6.3 makes it, when it was said, and the time in it.</summary>
internal sealed record LedgerTrade(string Id, string Symbol, DateTimeOffset At, DateTimeOffset Time);

/// <summary>A frame of one side of an order book: when it was said, its levels as text, and to how many sockets.</summary>
internal sealed record LedgerBook(DateTimeOffset At, string Levels, int Sent);
