using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Radar.Market.ClickHouse;

/// <summary>
/// ClickHouse over HTTP: statements, small results, and inserts of whole batches, one request each. Safe for several threads; every
/// failure is a <see cref="ClickHouseException"/> that says what is to be done.
/// </summary>
public sealed class ClickHouseClient : IDisposable
{
    private static readonly Dictionary<string, string> None = [];
    private readonly ClickHouseOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private ServerFeatures? _features;

    /// <summary>A client of one server.</summary>
    public ClickHouseClient(ClickHouseOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // Servers close idle connections, old ones after 3 seconds; a request must not meet one that is just being closed.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
        })
        {
            BaseAddress = options.Url,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{options.Password}")));
    }

    /// <summary>Whether the server answers; it need not know us for that.</summary>
    /// <exception cref="ClickHouseException">It does not.</exception>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, "/ping", content: null, cancellationToken);
    }

    /// <summary>What the server can do; asked once, and again after <see cref="ForgetFeatures"/>.</summary>
    /// <exception cref="ClickHouseException">It does not answer, or refuses us.</exception>
    public async ValueTask<ServerFeatures> FeaturesAsync(CancellationToken cancellationToken) =>
        _features ??= await ServerFeatures.ProbeAsync(this, cancellationToken);

    /// <summary>The server may be another one now.</summary>
    public void ForgetFeatures() => _features = null;

    /// <summary>Runs a statement that returns nothing.</summary>
    /// <exception cref="ClickHouseException">It was refused, or the server is away.</exception>
    public async Task ExecuteAsync(string statement, CancellationToken cancellationToken)
    {
        using var content = new StringContent(statement);
        using var response = await SendAsync(HttpMethod.Post, Address(None), content, cancellationToken);
    }

    /// <summary>Runs a query whose result fits in memory.</summary>
    /// <returns>Its rows in ClickHouse's text; NULL is null.</returns>
    /// <exception cref="ClickHouseException">It was refused, or the server is away.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<string?>>> QueryAsync(string query, CancellationToken cancellationToken)
    {
        using var content = new StringContent(query);
        using var response = await SendAsync(HttpMethod.Post, Address(new() { ["default_format"] = "TabSeparated" }), content, cancellationToken);
        return TabSeparated.Read(await ReadAsync(response.Content, cancellationToken));
    }

    /// <summary>Inserts rows in one request; they must not change until it is done.</summary>
    /// <param name="table">Where they go; it also says their columns.</param>
    /// <param name="rows">Rows in RowBinary, e.g. <see cref="RowBinaryBatch.Content"/>.</param>
    /// <param name="token">The block's name for <see cref="TableDefinition.DeduplicationWindow"/>; null: none. Servers without such tokens ignore it.</param>
    /// <param name="cancellationToken">Gives the insert up; whether it was stored is not known then.</param>
    /// <returns>Rows that the server says it wrote; null when it does not say.</returns>
    /// <exception cref="ClickHouseException">It was refused, or the server is away.</exception>
    public async Task<long?> InsertAsync(TableDefinition table, ReadOnlyMemory<byte> rows, string? token, CancellationToken cancellationToken)
    {
        var features = await FeaturesAsync(cancellationToken);
        var parameters = new Dictionary<string, string> { ["query"] = table.InsertStatement, ["wait_end_of_query"] = "1" };
        if (features.Has(InsertSettings.Asynchronous))
        {
            parameters[InsertSettings.Asynchronous] = "0";
        }
        if (token is not null && features.Has(InsertSettings.Token))
        {
            parameters[InsertSettings.Token] = token;
        }
        using HttpContent content = _options.Compress ? new PackedContent(rows) : new ReadOnlyMemoryContent(rows);
        using var response = await SendAsync(HttpMethod.Post, Address(parameters), content, cancellationToken);
        return Written(response);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Address(Dictionary<string, string> parameters) => "/?" + string.Join(
        '&', parameters.Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}"));

    private static long? Written(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("X-ClickHouse-Summary", out var summaries))
        {
            return null;
        }
        using var summary = JsonDocument.Parse(summaries.First());
        return summary.RootElement.TryGetProperty("written_rows", out var rows)
            && long.TryParse(rows.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, HttpContent? content, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using var request = new HttpRequestMessage(method, address) { Content = content };
        HttpResponseMessage? response = null;
        try
        {
            // The content too: whoever reads it later does not wait for the server.
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var code = response.Headers.TryGetValues("X-ClickHouse-Exception-Code", out var codes) ? codes.First() : null;
            if (response.IsSuccessStatusCode && code is null)
            {
                return response;
            }
            throw ClickHouseErrors.Of(response.StatusCode, code, await ReadAsync(response.Content, either.Token), _options.Url);
        }
        catch (ClickHouseException)
        {
            response!.Dispose();
            throw;
        }
        catch (HttpRequestException ex) when (ex.HttpRequestError == HttpRequestError.InvalidResponse)
        {
            throw ClickHouseErrors.NativePort(_options.Url, ex);
        }
        catch (Exception ex) when (ex is HttpRequestException or IOException)
        {
            throw new ClickHouseException(ClickHouseFault.Transient, 0, $"ClickHouse at {_options.Url} is away: {ex.Message}", ex);
        }
        catch (OperationCanceledException ex) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ClickHouseException(
                ClickHouseFault.Transient, 0, $"ClickHouse at {_options.Url} did not answer within {_options.Timeout.TotalSeconds:0} s ({ClickHouseOptions.Section}:Timeout).", ex);
        }
    }

    private static Task<string> ReadAsync(HttpContent content, CancellationToken cancellationToken) => content.ReadAsStringAsync(cancellationToken);
}
