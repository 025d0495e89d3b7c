using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Radar.Embedded.Exchange;
using Radar.Embedded.Exchange.Wallex;

namespace Radar.Embedded.Tests.Exchange.Wallex;

/// <summary>An exchange with a Wallex side, and plain sockets that note what it says.</summary>
internal sealed class WallexClient : IAsyncDisposable
{
    private readonly ExchangeServer _server;

    private WallexClient(ExchangeServer server, string folder) => (_server, Folder) = (server, folder);

    public string Folder { get; }

    public HttpClient Http { get; } = new();

    public static async Task<WallexClient> StartAsync(WallexSettings settings)
    {
        var folder = settings.Folder ?? Directory.CreateTempSubdirectory("radar-wallex-").FullName;
        var server = await ExchangeServer.StartAsync(
            new ExchangeSettings { From = 0, HistoryUntil = 0, Wallex = settings with { Folder = folder } }, TimeProvider.System, CancellationToken.None);
        return new WallexClient(server, folder) { Http = { BaseAddress = server.Address } };
    }

    public async Task<Listener> ConnectAsync(string path)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(new Uri(_server.Address, path)) { Scheme = "ws" }.Uri, CancellationToken.None);
        return new Listener(socket);
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = JsonDocument.Parse(await Http.GetStringAsync(new Uri(path, UriKind.Relative)));
        return answer.RootElement.Clone();
    }

    public async Task ControlAsync(string what)
    {
        using var answer = await Http.PostAsync(new Uri("/radar/wallex/control?" + what, UriKind.Relative), null);
        answer.EnsureSuccessStatusCode();
    }

    public async Task SayAsync(string frame)
    {
        using var body = new StringContent(frame);
        using var answer = await Http.PostAsync(new Uri("/radar/wallex/say", UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The frames in one file of the ledger.</summary>
    public async Task<List<string>> LedgerAsync(string name) =>
        [.. (await Http.GetStringAsync(new Uri("/radar/wallex/ledger/" + name, UriKind.Relative))).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => { using var entry = JsonDocument.Parse(line); return entry.RootElement.GetProperty("frame").GetRawText(); })];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>Stops the exchange and keeps its folder.</summary>
    public ValueTask StopAsync() => _server.DisposeAsync();

    /// <summary>One socket; its messages are noted as they come.</summary>
    internal sealed class Listener : IAsyncDisposable
    {
        private readonly ClientWebSocket _socket;
        private readonly List<string> _messages = [];
        private readonly Task _listening;

        public Listener(ClientWebSocket socket)
        {
            _socket = socket;
            _listening = ListenAsync();
        }

        public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

        public bool HasEnded => _listening.IsCompleted;

        public List<string> Messages
        {
            get
            {
                lock (_messages)
                {
                    return [.. _messages];
                }
            }
        }

        public Task SendAsync(string message) => _socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            _socket.Abort();
            await _listening;
            _socket.Dispose();
        }

        private async Task ListenAsync()
        {
            var buffer = new byte[1 << 20];
            var length = 0;
            try
            {
                while (true)
                {
                    var received = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        return;
                    }
                    length += received.Count;
                    if (received.EndOfMessage)
                    {
                        lock (_messages)
                        {
                            _messages.Add(Encoding.UTF8.GetString(buffer, 0, length));
                        }
                        length = 0;
                    }
                }
            }
            catch (Exception ex) when (ex is WebSocketException or OperationCanceledException)
            {
                // It was broken.
            }
        }
    }
}
