using Radar.Jobs.Hosting;

namespace Radar.Jobs.Hangfire;

/// <summary>How Hangfire works, from <c>Radar:Hangfire</c>. Tasks mostly wait for others, so there may be many at a time.</summary>
public sealed class HangfireOptions
{
    /// <summary>Jobs of queue control at a time on this node. The default is 16; 0: this node takes none.</summary>
    public int Control { get; set; } = 16;

    /// <summary>Jobs of queue default at a time on this node. The default is 8; 0: this node takes none.</summary>
    public int Default { get; set; } = 8;

    /// <summary>Jobs of queue batch at a time on this node. The default is 4; 0: this node takes none.</summary>
    public int Batch { get; set; } = 4;

    /// <summary>Connections to PostgreSQL at most; one of them listens. The default is 14.</summary>
    public int Connections { get; set; } = 14;

    /// <summary>How often queues are looked into when no notification came. The default is 1 second.</summary>
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often delayed and recurring jobs are looked for: how late they may be. The default is 1 second.</summary>
    public TimeSpan SchedulePoll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After how long without a sign of its node a fetched job is given to another one. The default is 50 seconds: a living node gives a sign
    /// every fifth of it, so it outlives a database that is away for 20 seconds; a shorter one would run jobs twice after that.
    /// </summary>
    public TimeSpan Invisibility { get; set; } = TimeSpan.FromSeconds(50);

    /// <summary>
    /// How long a lock of Hangfire lasts. Its locks are rows that a killed node leaves behind, and nothing renews them: until then the job
    /// stays as it is, or no delayed job starts anywhere. The default is 30 seconds, far more than any change of state takes.
    /// </summary>
    public TimeSpan Lock { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long failed jobs are kept: Hangfire itself keeps them for ever. The default is 7 days.</summary>
    public TimeSpan KeepFailed { get; set; } = TimeSpan.FromDays(7);

    /// <summary>This node's name: that of <c>Radar:Jobs:Node</c>.</summary>
    internal string Node { get; set; } = new JobsOptions().Node;

    /// <summary>How long a stopping node waits for its jobs: <c>Radar:Jobs:ShutdownGrace</c>.</summary>
    internal TimeSpan ShutdownGrace { get; set; } = new JobsOptions().ShutdownGrace;

    /// <summary>Jobs of a queue at a time.</summary>
    internal int Of(string queue) => queue switch
    {
        Workflows.Queues.Control => Control,
        Workflows.Queues.Batch => Batch,
        _ => Default,
    };
}
