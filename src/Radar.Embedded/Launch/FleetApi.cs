using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Radar.Embedded.Launch;

/// <summary>The scheduler's API, as far as the launcher needs it.</summary>
internal sealed class FleetApi : IDisposable
{
    private readonly HttpClient _http;

    public FleetApi(string address, string token)
    {
        _http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Whether our scheduler answers: one that does not know our token is another system's, which took the port first.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("/api/v1/session", UriKind.Relative), cancellationToken);
            return response.StatusCode != HttpStatusCode.Unauthorized;
        }
        catch (Exception ex) when (IsAway(ex, cancellationToken))
        {
            return false;
        }
    }

    /// <summary>Asks for a run; one that is already active is joined.</summary>
    /// <returns>The run's id, or null when the scheduler does not answer yet.</returns>
    public async Task<long?> TriggerAsync(string workflow, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.PostAsync(
                new Uri($"/api/v1/workflows/{workflow}/runs", UriKind.Relative), JsonContent.Create(new { }), cancellationToken);
            if ((int)response.StatusCode >= 500)
            {
                return null;
            }
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw new EmbeddedException($"The scheduler refused to run {workflow}: HTTP {(int)response.StatusCode} {body}");
            }
            using var answer = JsonDocument.Parse(body);
            return answer.RootElement.GetProperty("runId").GetInt64();
        }
        catch (Exception ex) when (IsAway(ex, cancellationToken))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static bool IsAway(Exception ex, CancellationToken cancellationToken) =>
        ex is HttpRequestException or IOException || (ex is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
