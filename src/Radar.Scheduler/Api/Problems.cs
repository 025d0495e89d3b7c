using Microsoft.AspNetCore.Diagnostics;
using Npgsql;
using Radar.Jobs.Runs;

namespace Radar.Scheduler.Api;

/// <summary>What a failed request answers: a status and a sentence, never a stack.</summary>
internal static class Problems
{
    /// <summary>What is merely refused does not stand in the log as a failure of ours.</summary>
    public static ExceptionHandlerOptions Options { get; } = new()
    {
        ExceptionHandler = AnswerAsync,
        SuppressDiagnosticsCallback = problem => Describe(problem.Exception).Status < StatusCodes.Status500InternalServerError,
    };

    /// <summary>The answer to somebody who has not logged in.</summary>
    public static Task LoginRequiredAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return context.Response.WriteAsJsonAsync(
            new { error = "Log in at /login, or send 'Authorization: Bearer TOKEN' with this system's token (./radar status --secrets)." }, context.RequestAborted);
    }

    private static Task AnswerAsync(HttpContext context)
    {
        var (status, text) = Describe(context.Features.Get<IExceptionHandlerFeature>()?.Error);
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = text }, context.RequestAborted);
    }

    private static (int Status, string Text) Describe(Exception? error) => error switch
    {
        UnknownWorkflowException unknown => (StatusCodes.Status404NotFound, unknown.Message),
        ArgumentException wrong => (StatusCodes.Status400BadRequest, wrong.Message),
        BadHttpRequestException bad => (bad.StatusCode, bad.Message),
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } => (StatusCodes.Status404NotFound, "There is no table for that coin yet: start the fleet first."),
        NpgsqlException away => (StatusCodes.Status503ServiceUnavailable, $"PostgreSQL does not answer ({away.Message}). Radar goes on by itself when it is back."),
        TimeoutException late => (StatusCodes.Status503ServiceUnavailable, late.Message),
        _ => (StatusCodes.Status500InternalServerError, "This request failed; the scheduler's log has the reason."),
    };
}
