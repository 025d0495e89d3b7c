using System.Text.Json.Nodes;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Runs;

/// <summary>The context of an attempt that runs here.</summary>
internal sealed class RunningTask(Claim claim, TaskLogs logs, TaskClaims claims, IServiceProvider services) : TaskContext
{
    public override long RunId => claim.RunId;

    public override string Workflow => claim.Workflow;

    public override string Task => claim.Task;

    public override string? Instance => claim.Instance;

    public override int Attempt => claim.Attempt;

    public override IReadOnlyDictionary<string, string> Parameters => claim.Parameters;

    public override IServiceProvider Services => services;

    public override void Log(string message) => logs.Line(claim, "info", message);

    public override void Warn(string message) => logs.Line(claim, "warn", message);

    public override void Report(double? progress, string activity) => logs.Progress(claim, progress, activity);

    public override Task<JsonNode?> ResultOfAsync(string task, CancellationToken cancellationToken) =>
        claims.ResultAsync(claim.RunId, task, cancellationToken);
}
