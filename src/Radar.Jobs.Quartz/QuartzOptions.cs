namespace Radar.Jobs.Quartz;

/// <summary>How Quartz works, from <c>Radar:Quartz</c>. Tasks mostly wait for others, so there may be many at a time.</summary>
public sealed class QuartzOptions
{
    /// <summary>Jobs of queue control at a time on this node. The default is 16.</summary>
    public int Control { get; set; } = 16;

    /// <summary>Jobs of queue default at a time on this node. The default is 8.</summary>
    public int Default { get; set; } = 8;

    /// <summary>Jobs of queue batch at a time on this node. The default is 4.</summary>
    public int Batch { get; set; } = 4;

    /// <summary>Connections to PostgreSQL at most; one of them listens. The default is 12.</summary>
    public int Connections { get; set; } = 12;

    /// <summary>How often due jobs are looked for when no notification came. At least 1 second; the default is 2.</summary>
    public TimeSpan IdleWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often nodes tell each other that they live. The default is 2 seconds.</summary>
    public TimeSpan CheckIn { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How late a node may be before its jobs are run elsewhere. The default is 5 seconds.</summary>
    public TimeSpan CheckInLate { get; set; } = TimeSpan.FromSeconds(5);
}
