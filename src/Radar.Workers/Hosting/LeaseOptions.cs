namespace Radar.Workers.Hosting;

/// <summary>How a process holds its lease.</summary>
internal sealed record LeaseOptions
{
    /// <summary>How long a lease lasts after its last renewal (Radar:Lease:Lasts, seconds). The default is 10 seconds.</summary>
    public TimeSpan Lasts { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often it is renewed, with the heartbeat (Radar:Lease:Heartbeat, seconds). The default is 2 seconds.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a new process waits for a lease that another holds. The default is 30 seconds.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    public static LeaseOptions Read(SettingsReader settings)
    {
        var options = new LeaseOptions
        {
            Lasts = settings.Seconds("Radar:Lease:Lasts", 10, 2, 600),
            Heartbeat = settings.Seconds("Radar:Lease:Heartbeat", 2, 0.1, 60),
        };
        if (options.Heartbeat * 2 > options.Lasts)
        {
            settings.Problem(
                $"Radar:Lease:Heartbeat is {options.Heartbeat.TotalSeconds} s and Radar:Lease:Lasts {options.Lasts.TotalSeconds} s: a lease must last at least two heartbeats.");
        }
        return options with { Patience = options.Lasts * 3 };
    }
}
