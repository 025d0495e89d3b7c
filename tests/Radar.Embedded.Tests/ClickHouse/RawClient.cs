using System.Net.Http.Headers;
using System.Text;

namespace Radar.Embedded.Tests.ClickHouse;

/// <summary>Requests as a foreign client would make them, byte for byte in the test's own hand.</summary>
internal sealed class RawClient(ClickHouseFixture server) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = server.Options.Url, Timeout = Patience.Long };

    public static string Basic(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    public Task<HttpResponseMessage> PostAsync(string address, string body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, address, new StringContent(body), headers);

    public Task<HttpResponseMessage> PostAsync(string address, byte[] body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, address, new ByteArrayContent(body), headers);

    public Task<HttpResponseMessage> GetAsync(string address, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, address, null, headers);

    /// <summary>Runs a statement that must succeed, and returns what it gave.</summary>
    public async Task<string> RunAsync(string statement, string parameters = "")
    {
        using var response = await PostAsync("/?" + parameters, statement);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, address) { Content = content };
        if (!headers.Any(header => header.Name is "Authorization" or "X-ClickHouse-User"))
        {
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(Basic(server.Options.User, server.Options.Password));
        }
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.Add(name, value);
            }
        }
        return await _http.SendAsync(request);
    }

    public void Dispose() => _http.Dispose();
}
