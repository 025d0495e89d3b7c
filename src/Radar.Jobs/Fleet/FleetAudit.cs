using Npgsql;

namespace Radar.Jobs.Fleet;

/// <summary>Holds the fleet's rows against the processes of this machine: what <c>radar check</c> reports.</summary>
public sealed class FleetAudit(NpgsqlDataSource source)
{
    /// <summary>One line a finding; none when rows and processes agree. Workers of other machines are passed over.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellationToken)
    {
        // Processes first: a worker that starts in between then has its row, one that ends in between no longer has its process.
        var processes = ProcessTable.Find(FleetKey.Of(source.ConnectionString));
        var workers = await WorkerRows.ReadAsync(source, cancellationToken).ConfigureAwait(false);
        return Compare(workers, [.. processes.Where(p => p.Identity.IsAlive)]);
    }

    internal static IReadOnlyList<string> Compare(IReadOnlyList<WorkerSnapshot> workers, IReadOnlyList<WorkerProcess> processes)
    {
        var findings = new List<string>();
        foreach (var process in processes)
        {
            var worker = workers.FirstOrDefault(w => w.Id == process.Worker);
            if (worker is null)
            {
                findings.Add($"process {process.Identity.Pid} runs as worker {process.Worker}, which is not known");
            }
            else if (worker.Process != process.Identity)
            {
                findings.Add($"process {process.Identity.Pid} runs as worker {process.Worker}, whose process is {worker.Pid?.ToString() ?? "none"}");
            }
            else if (!worker.Actual.HasProcess())
            {
                findings.Add($"process {process.Identity.Pid} of worker {process.Worker} still runs although the worker is {worker.Actual.Word()}");
            }
        }
        foreach (var worker in workers.Where(w => w.Actual.HasProcess()))
        {
            if (worker.Process is not { } process)
            {
                findings.Add($"worker {worker.Id} is {worker.Actual.Word()} but has no process");
            }
            else if (process.IsKnownDead)
            {
                findings.Add($"worker {worker.Id} is {worker.Actual.Word()} but its process {process.Pid} is gone");
            }
        }
        return findings;
    }
}
