using System.Text.Json;
using Radar.Jobs.Fleet;

namespace Radar.Scheduler.Api;

/// <summary>A worker as pages and programs see it.</summary>
internal sealed record WorkerView(
    string Id, string Kind, DesiredState Desired, string DesiredBy, DateTimeOffset DesiredAt, WorkerState Actual, DateTimeOffset ActualAt,
    string? Agent, int? Pid, long Epoch, DateTimeOffset? HeartbeatAt, double? HeartbeatAge, int Restarts, string? Activity, string? Error,
    JsonElement? Figures)
{
    /// <summary>The view at a time.</summary>
    public static WorkerView Of(WorkerSnapshot worker, DateTimeOffset now) => new(
        worker.Id.Value, worker.Kind, worker.Desired, worker.DesiredBy, worker.DesiredAt, worker.Actual, worker.ActualAt, worker.Agent, worker.Pid,
        worker.Epoch, worker.HeartbeatAt, worker.HeartbeatAt is { } beat ? Math.Max(0, (now - beat).TotalSeconds) : null, worker.Restarts, worker.Activity,
        worker.Error, Json.Raw(worker.Figures));
}
