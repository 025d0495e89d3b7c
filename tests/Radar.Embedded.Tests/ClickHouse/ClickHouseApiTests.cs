using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Radar.Embedded.Tests.ClickHouse;

public sealed class ClickHouseApiTests(ClickHouseFixture server) : IClassFixture<ClickHouseFixture>, IDisposable
{
    private readonly RawClient _client = new(server);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Ping_WithoutAnyName_AnswersOk()
    {
        using var anonymous = new HttpClient { BaseAddress = server.Options.Url };
        Assert.Equal("Ok.\n", await anonymous.GetStringAsync(new Uri("/ping", UriKind.Relative)));
    }

    [Fact]
    public async Task Query_InUrlInBodyOrInBoth_IsOneStatement()
    {
        using var url = await _client.GetAsync("/?query=SELECT%201");
        Assert.Equal("1\n", await url.Content.ReadAsStringAsync());
        Assert.Equal("2\n", await _client.RunAsync("SELECT 2"));
        Assert.Equal("3\n", await _client.RunAsync("+ 2", "query=SELECT%201"));
    }

    [Fact]
    public async Task Query_SettingsFormatDatabaseAndParameters_ComeFromTheUrl()
    {
        var database = await server.CreateDatabaseAsync();
        Assert.Equal(
            "{\"database\":\"" + database + "\",\"threads\":3,\"text\":\"it's \\\\ \\n\"}\n",
            await _client.RunAsync(
                "SELECT currentDatabase() AS database, getSetting('max_threads') AS threads, {t:String} AS text",
                $"database={database}&max_threads=3&default_format=JSONEachRow&output_format_json_quote_64bit_integers=0&param_t={Uri.EscapeDataString(@"it\'s \\ \n")}"));
        Assert.NotEqual("3\n", await _client.RunAsync("SELECT getSetting('max_threads')"));
    }

    [Fact]
    public async Task Query_FormatOfTheStatement_WinsAndIsToldInTheHeaders()
    {
        using var response = await _client.PostAsync("/?default_format=CSV", "SELECT 1 AS a FORMAT JSON");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("JSON", response.Headers.GetValues("X-ClickHouse-Format").Single());
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(1, json.RootElement.GetProperty("data")[0].GetProperty("a").GetInt32());
    }

    [Fact]
    public async Task Query_Id_IsTheCallersOwnOrANewOne()
    {
        using var named = await _client.PostAsync("/?query_id=mine", "SELECT 1");
        Assert.Equal("mine", named.Headers.GetValues("X-ClickHouse-Query-Id").Single());
        using var other = await _client.PostAsync("/", "SELECT 1");
        Assert.True(Guid.TryParse(other.Headers.GetValues("X-ClickHouse-Query-Id").Single(), out _));
    }

    [Theory]
    [InlineData("SELECT nope", 47, HttpStatusCode.NotFound)]
    [InlineData("SELECT * FROM no_such_table", 60, HttpStatusCode.NotFound)]
    [InlineData("SELECT 1 FROM no_such_database.t", 81, HttpStatusCode.NotFound)]
    [InlineData("nonsense", 62, HttpStatusCode.BadRequest)]
    [InlineData("SELECT 1; SELECT 2", 62, HttpStatusCode.BadRequest)]
    [InlineData("SELECT throwIf(1)", 395, HttpStatusCode.InternalServerError)]
    [InlineData("INSERT INTO no_such_table FORMAT CSV\n1", 60, HttpStatusCode.NotFound)]
    public async Task Query_Refused_GivesCodeStatusAndText(string statement, int code, HttpStatusCode status)
    {
        using var response = await _client.PostAsync("/", statement);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal((status, $"{code}"), (response.StatusCode, response.Headers.GetValues("X-ClickHouse-Exception-Code").Single()));
        Assert.StartsWith($"Code: {code}. DB::Exception: ", text, StringComparison.Ordinal);
        Assert.Contains("(version ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/?nosuch=1", 115)]
    [InlineData("/?database=no_such_database", 81)]
    [InlineData("/?session_id=mine", 48)]
    public async Task Query_ParameterThatCannotBe_IsRefused(string address, int code)
    {
        using var response = await _client.PostAsync(address, "SELECT 1");
        Assert.Equal($"{code}", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Theory]
    [InlineData("CREATE TABLE never (a Int8) ENGINE = Memory")]
    [InlineData("INSERT INTO never VALUES (1)")]
    public async Task Query_ThatChangesByGet_IsRefused(string statement)
    {
        using var response = await _client.GetAsync("/?query=" + Uri.EscapeDataString(statement));
        Assert.Equal("164", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Fact]
    public async Task Authentication_ByBasicHeaderOrUrl_LetsOnlyTheUserIn()
    {
        var (user, password) = (server.Options.User, server.Options.Password);
        foreach (var headers in (((string, string)[], string)[])
        [
            ([("Authorization", RawClient.Basic(user, password))], ""),
            ([("X-ClickHouse-User", user), ("X-ClickHouse-Key", password)], ""),
            ([("Authorization", "")], $"?user={user}&password={Uri.EscapeDataString(password)}"),
        ])
        {
            using var response = await _client.PostAsync("/" + headers.Item2, "SELECT 1", headers.Item1);
            Assert.Equal("1\n", await response.Content.ReadAsStringAsync());
        }
        foreach (var headers in (((string, string)[], string)[])
        [
            ([("Authorization", RawClient.Basic(user, "another"))], ""),
            ([("Authorization", RawClient.Basic("another", password))], ""),
            ([("X-ClickHouse-User", user), ("X-ClickHouse-Key", "")], ""),
            ([("Authorization", "Basic ?")], ""),
            ([("Authorization", "")], ""),
        ])
        {
            using var response = await _client.PostAsync("/" + headers.Item2, "SELECT 1", headers.Item1);
            Assert.Equal((HttpStatusCode.Forbidden, "516"), (response.StatusCode, response.Headers.GetValues("X-ClickHouse-Exception-Code").Single()));
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Bodies_Packed_AreUnderstoodAndGiven(string encoding)
    {
        using var packed = new MemoryStream();
        await using (var stream = Pack(packed, encoding))
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes("SELECT number FROM numbers(1000)"));
        }
        using var response = await _client.PostAsync(
            "/?enable_http_compression=1", packed.ToArray(), ("Content-Encoding", encoding), ("Accept-Encoding", encoding));
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.Single());
        await using var content = await response.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(encoding == "gzip" ? new GZipStream(content, CompressionMode.Decompress) : new ZLibStream(content, CompressionMode.Decompress));
        Assert.Equal(Enumerable.Range(0, 1000).Select(number => $"{number}"), (await reader.ReadToEndAsync()).TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Bodies_PackedAsNobodyKnows_AreRefused()
    {
        using var response = await _client.PostAsync("/", [1, 2, 3], ("Content-Encoding", "rot13"));
        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
        using var broken = await _client.PostAsync("/", [1, 2, 3], ("Content-Encoding", "gzip"));
        Assert.Equal("354", broken.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Fact]
    public async Task Results_WithoutTheSetting_AreNotPacked()
    {
        using var response = await _client.PostAsync("/", "SELECT 1", ("Accept-Encoding", "gzip"));
        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    private static Stream Pack(Stream target, string encoding) => encoding == "gzip"
        ? new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true)
        : new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true);
}
