using Microsoft.AspNetCore.Diagnostics;
using Npgsql;
using Radar.Jobs.Runs;

namespace Radar.Scheduler.Api;

/// <summary>What a failed request answers: a status and a sentence, never a stack.</summary>
internal static class Problems
{
    public static Task AnswerAsync(HttpContext context)
    {
        var (status, text) = context.Features.Get<IExceptionHandlerFeature>()?.Error switch
        {
            UnknownWorkflowException unknown => (StatusCodes.Status404NotFound, unknown.Message),
            ArgumentException wrong => (StatusCodes.Status400BadRequest, wrong.Message),
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } => (StatusCodes.Status404NotFound, "There is no table for that coin yet: start the fleet first."),
            NpgsqlException away => (StatusCodes.Status503ServiceUnavailable, $"PostgreSQL does not answer ({away.Message}). Radar goes on by itself when it is back."),
            TimeoutException late => (StatusCodes.Status503ServiceUnavailable, late.Message),
            _ => (StatusCodes.Status500InternalServerError, "This request failed; the scheduler's log has the reason."),
        };
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = text }, context.RequestAborted);
    }
}
