namespace Radar.Jobs.Hosting;

/// <summary>How a node works, from <c>Radar:Jobs</c>.</summary>
public sealed class JobsOptions
{
    /// <summary>This node's name, unique in the cluster and the same after a restart. The default is the host's name and the role.</summary>
    public string Node { get; set; } = $"{Environment.MachineName}-scheduler";

    /// <summary>How long a claimed task stays claimed without a sign of its node. The default is 15 seconds.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a task may lose its node before it fails. The default is 3.</summary>
    public int LostNodes { get; set; } = 3;

    /// <summary>How long a ready task may lie unclaimed before it is put into the engine again. The default is 5 seconds.</summary>
    public TimeSpan Unclaimed { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often cancellations and stray tasks are looked for where no notification told of them. The default is 1 second.</summary>
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a cancelled task has to stop before it is left alone. The default is 10 seconds.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a stopping node waits for its tasks. The default is 15 seconds.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long ended runs are kept. The default is 90 days.</summary>
    public TimeSpan KeepRuns { get; set; } = TimeSpan.FromDays(90);
}
