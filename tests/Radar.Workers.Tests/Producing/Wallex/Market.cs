using System.Net.Http.Json;
using System.Text.Json;
using Radar.Embedded.Exchange;
using Radar.Embedded.Exchange.Wallex;
using Radar.Testing;

namespace Radar.Workers.Tests.Producing.Wallex;

/// <summary>The embedded exchange with a Wallex side, over its own sockets, and what its ledger says.</summary>
internal sealed class Market : IAsyncDisposable
{
    private readonly ExchangeServer _server;
    private readonly string _folder;
    private readonly HttpClient _http;

    private Market(ExchangeServer server, string folder)
    {
        (_server, _folder) = (server, folder);
        _http = new HttpClient { BaseAddress = server.Address };
    }

    public Uri Address => _server.Address;

    public static async Task<Market> OpenAsync(WallexSettings settings)
    {
        var folder = Directory.CreateTempSubdirectory("radar-market-").FullName;
        var server = await ExchangeServer.StartAsync(
            new ExchangeSettings { From = 0, HistoryUntil = 0, Wallex = settings with { Folder = folder } }, TimeProvider.System, CancellationToken.None);
        return new Market(server, folder);
    }

    public Task<JsonElement> CountsAsync() => _http.GetFromJsonAsync<JsonElement>("/radar/wallex/ledger");

    public async Task<long> CountAsync(string name) => (await CountsAsync()).GetProperty(name).GetInt64();

    public async Task ControlAsync(string what) => (await _http.PostAsync(new Uri("/radar/wallex/control?" + what, UriKind.Relative), null)).EnsureSuccessStatusCode();

    public async Task SayAsync(string frame) => (await _http.PostAsync(new Uri("/radar/wallex/say", UriKind.Relative), new StringContent(frame))).EnsureSuccessStatusCode();

    /// <summary>Every trade that was made, as frames of the first protocol.</summary>
    public Task<List<Entry>> TradesAsync() => LedgerAsync("trades");

    /// <summary>Every frame of an order book, in order.</summary>
    public Task<List<Entry>> DepthAsync() => LedgerAsync("depth");

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<List<Entry>> LedgerAsync(string name) =>
        [.. (await _http.GetStringAsync(new Uri("/radar/wallex/ledger/" + name, UriKind.Relative))).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            using var entry = JsonDocument.Parse(line);
            return new Entry(
                entry.RootElement.GetProperty("frame").GetRawText(), entry.RootElement.GetProperty("sent").GetInt32(),
                DateTimeOffset.FromUnixTimeMilliseconds(entry.RootElement.GetProperty("at").GetInt64()));
        })];

    /// <summary>A line of the ledger.</summary>
    internal sealed record Entry(string Frame, int Sent, DateTimeOffset At);
}
