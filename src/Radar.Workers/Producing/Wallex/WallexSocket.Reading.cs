using System.Net.WebSockets;
using System.Numerics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Radar.Workers.Producing.Wallex;

// What it hears, and the watch over that it hears anything.
internal sealed partial class WallexSocket
{
    private const int LongestMessage = 16 * 1024 * 1024;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan GoodbyeSilence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(30);

    private long _unknown;
    private bool _busy;

    private async Task<string> LiveAsync()
    {
        var watch = WatchAsync();
        try
        {
            await ReadAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
        }
        catch (Exception broken) when (broken is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidDataException)
        {
            if (LivingHosts.IsGone(broken))
            {
                LogPongTimeout(_name, "its host answers no more");
            }
            _problem ??= broken.Message;
        }
        await _gone.CancelAsync().ConfigureAwait(false);
        await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ready.TrySetException(new WebSocketException(_problem ?? "closed before it was ready"));
        _ = _ready.Task.Exception;
        return _problem ?? "closed";
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        var said = new List<Said>();
        var length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(buffer.AsMemory(length), _gone.Token).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                _goodbye = true;
                _problem ??= $"closed by the exchange ({_socket.CloseStatus} {_socket.CloseStatusDescription})";
                return;
            }
            length += received.Count;
            if (!received.EndOfMessage)
            {
                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, length < LongestMessage ? length * 2 : throw new InvalidDataException($"a message is longer than {LongestMessage} bytes"));
                }
                continue;
            }
            (_heardAt, LastHeard) = (_time.GetTimestamp(), _time.GetUtcNow());
            said.Clear();
            _protocol.Read(buffer.AsMemory(0, length), said);
            length = 0;
            foreach (var one in said)
            {
                await DealWithAsync(one).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask DealWithAsync(Said said)
    {
        switch (said.Kind)
        {
            case SaidKind.Frame:
                _dataAt = _heardAt;
                _busy = true;
                await _hear(said, _gone.Token).ConfigureAwait(false);
                (_busy, _heardAt) = (false, _time.GetTimestamp());
                _dataAt = _heardAt;
                break;
            case SaidKind.Ready:
                _ready.TrySetResult();
                break;
            case SaidKind.Confirmed:
                Confirm(said.Channel);
                break;
            case SaidKind.Refused:
                LogRefused(_name, said.Channel, Encoding.UTF8.GetString(said.Bytes.Span));
                Confirm(said.Channel);
                break;
            case SaidKind.Unsubscribed:
                LogUnsubscribed(_name, said.Channel);
                _problem ??= $"the exchange ended the subscription of {said.Channel}";
                await _gone.CancelAsync().ConfigureAwait(false);
                break;
            case SaidKind.Ping:
                await AnswerAsync(said.Bytes).ConfigureAwait(false);
                break;
            case SaidKind.Unknown:
                if (BitOperations.IsPow2(++_unknown)) // Not a line for each, should there be many.
                {
                    LogUnknown(_name, _unknown, Encoding.UTF8.GetString(said.Bytes.Span[..Math.Min(200, said.Bytes.Length)]));
                }
                break;
        }
    }

    // After the goodbye nothing can be said any more.
    private async ValueTask AnswerAsync(ReadOnlyMemory<byte> answer)
    {
        try
        {
            if (!_leaving)
            {
                await SendAsync(answer, _gone.Token).ConfigureAwait(false);
            }
        }
        catch (WebSocketException) when (_leaving)
        {
        }
    }

    // A connection may live and say nothing: the server forgot us, or the network did.
    private async Task WatchAsync()
    {
        while (true)
        {
            await Task.Delay(Look, _time, _gone.Token).ConfigureAwait(false);
            if (_busy)
            {
                continue; // It is we who do not listen.
            }
            if (_leaving)
            {
                if (_time.GetElapsedTime(Math.Max(_heardAt, _leftAt)) > GoodbyeSilence || _time.GetElapsedTime(_leftAt) > LongestGoodbye)
                {
                    _problem ??= "the exchange did not return the goodbye";
                }
            }
            else if (_protocol.LongestSilence is { } longest && _time.GetElapsedTime(_heardAt) > longest)
            {
                LogPongTimeout(_name, $"the exchange's pings, which we answer, ended {longest.TotalSeconds:0} s ago");
                _problem ??= $"nothing came for {longest.TotalSeconds:0} s, not even a ping";
            }
            else if (_time.GetElapsedTime(_dataAt) > _options.StaleAfter)
            {
                _problem ??= $"no data for {_options.StaleAfter.TotalSeconds:0} s";
            }
            if (_problem is not null)
            {
                await _gone.CancelAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "[{Name}] Pong timeout, connection may be unhealthy: {Why}")]
    private partial void LogPongTimeout(string name, string why);

    [LoggerMessage(LogLevel.Warning, "[{Name}] The exchange refused {Channel}: {Answer}")]
    private partial void LogRefused(string name, string channel, string answer);

    [LoggerMessage(LogLevel.Warning, "[{Name}] The exchange ended the subscription of {Channel}")]
    private partial void LogUnsubscribed(string name, string channel);

    [LoggerMessage(LogLevel.Warning, "[{Name}] Passed over a message that is no frame ({Count} on this connection): {Message}")]
    private partial void LogUnknown(string name, long count, string message);
}
