using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Radar.Embedded.ClickHouse;

/// <summary>ClickHouse's HTTP interface before the engine.</summary>
internal sealed partial class ClickHouseApi(ClickHouseSettings settings, ChdbEngine engine, ILogger logger)
{
    // A syntax error lists the whole language.
    private const int LoggedText = 1_000;
    private readonly StatementThreads _threads = new();
    private int _running;

    /// <summary>Where it answers.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/ping", ["GET", "HEAD"], () => Results.Text("Ok.\n"));
        routes.MapMethods("/", ["GET", "HEAD", "POST", "PUT"], AnswerAsync);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        StatementRequest? request = null;
        var entered = false;
        try
        {
            Credentials.Check(context.Request, settings);
            request = StatementRequest.Read(context.Request);
            if (request.OnlyReads && request.Text.Length == 0)
            {
                await context.Response.WriteAsync("Ok.\n");
                return;
            }
            entered = true;
            if (Interlocked.Increment(ref _running) > settings.MaxStatements)
            {
                throw new ChdbException(202, "TOO_MANY_SIMULTANEOUS_QUERIES", $"Too many simultaneous queries. Maximum: {settings.MaxStatements}");
            }
            var body = RequestBody.Open(context.Request, request.Text);
            using var result = await new StatementRun(engine, _threads, request, body, context.RequestAborted).RunAsync();
            await body.CompleteAsync();
            await WriteAsync(context, request, result);
        }
        catch (ChdbException ex)
        {
            await RefuseAsync(context, request, ex);
        }
        catch (InvalidDataException ex)
        {
            await RefuseAsync(context, request, new ChdbException(354, "ZLIB_INFLATE_FAILED", "The body cannot be unpacked: " + ex.Message));
        }
        catch (Exception ex) when (ex is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            BrokenOff(logger, request?.Id, request?.Text);
        }
        finally
        {
            if (entered)
            {
                Interlocked.Decrement(ref _running);
            }
        }
    }

    private async Task WriteAsync(HttpContext context, StatementRequest request, StatementResult result)
    {
        var response = context.Response;
        Describe(response, request);
        response.Headers["X-ClickHouse-Summary"] = result.Progress.ToSummary();
        if (result is not { Rows: { } rows, Format: { } format })
        {
            response.ContentType = ResultFormat.ContentType(ResultFormat.Default);
            response.ContentLength = 0;
            return;
        }
        response.ContentType = ResultFormat.ContentType(format);
        response.Headers["X-ClickHouse-Format"] = format;
        await using var content = rows.Open();
        var accepted = request.Compress ? context.Request.Headers.AcceptEncoding.ToString() : "";
        if (rows.Length > 0 && accepted.Contains("gzip", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "gzip";
            await using var packed = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await content.CopyToAsync(packed, context.RequestAborted);
        }
        else if (rows.Length > 0 && accepted.Contains("deflate", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "deflate";
            await using var packed = new ZLibStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await content.CopyToAsync(packed, context.RequestAborted);
        }
        else
        {
            response.ContentLength = rows.Length;
            await content.CopyToAsync(response.Body, context.RequestAborted);
        }
    }

    private async Task RefuseAsync(HttpContext context, StatementRequest? request, ChdbException problem)
    {
        Refused(logger, request?.Id, problem.Message.Length > LoggedText ? problem.Message[..LoggedText] : problem.Message);
        var response = context.Response;
        Describe(response, request);
        response.StatusCode = ErrorStatus.Of(problem.Code);
        response.ContentType = "text/plain; charset=UTF-8";
        response.Headers["X-ClickHouse-Exception-Code"] = problem.Code.ToString(CultureInfo.InvariantCulture);
        var version = problem.Message.Contains("(version ", StringComparison.Ordinal) ? "" : $" (version {engine.Version})";
        var text = Encoding.UTF8.GetBytes(problem.Message + version + "\n");
        response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(text, context.RequestAborted);
        }
    }

    private void Describe(HttpResponse response, StatementRequest? request)
    {
        response.Headers["X-ClickHouse-Server-Display-Name"] = "radar-embedded";
        response.Headers["X-ClickHouse-Timezone"] = engine.TimeZone;
        if (request is not null)
        {
            response.Headers["X-ClickHouse-Query-Id"] = request.Id;
        }
    }
}
