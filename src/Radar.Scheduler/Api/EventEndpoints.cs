using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Radar.Scheduler.Api;

/// <summary><c>/api/v1/events</c>: server-sent events that keep pages live.</summary>
internal static class EventEndpoints
{
    public static void MapEvents(this WebApplication application) =>
        application.MapGet("/api/v1/events", (LiveEvents events, IHostApplicationLifetime lifetime, CancellationToken token) =>
            TypedResults.ServerSentEvents(ReadAsync(events, lifetime.ApplicationStopping, token)));

    // An open page must not hold up the scheduler's end.
    private static async IAsyncEnumerable<SseItem<string>> ReadAsync(
        LiveEvents events, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        await foreach (var change in events.ReadAsync(either.Token))
        {
            yield return new SseItem<string>(change.Data, change.Topic);
        }
    }
}
