namespace Radar.Jobs.Engine;

/// <summary>What an engine knows about itself.</summary>
/// <param name="Engine">Its name and version.</param>
/// <param name="Servers">Processes that take its jobs.</param>
/// <param name="Queues">Jobs per queue.</param>
/// <param name="Recurring">Recurring triggers.</param>
public sealed record EngineDescription(
    string Engine,
    IReadOnlyList<EngineServer> Servers,
    IReadOnlyList<EngineQueue> Queues,
    IReadOnlyList<EngineRecurring> Recurring);

/// <summary>A process that takes jobs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="SeenAt">When it was last seen, UTC.</param>
/// <param name="Alive">Seen recently enough to be relied on.</param>
public sealed record EngineServer(string Name, DateTimeOffset SeenAt, bool Alive);

/// <summary>A queue.</summary>
/// <param name="Name">control, default or batch.</param>
/// <param name="Waiting">Jobs due and not begun.</param>
/// <param name="Later">Jobs scheduled for later, retries among them.</param>
/// <param name="Running">Jobs at work.</param>
public sealed record EngineQueue(string Name, int Waiting, int Later, int Running);

/// <summary>A recurring trigger.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Cron">Unix cron; null: never by itself.</param>
/// <param name="TimeZone">IANA name.</param>
/// <param name="NextAt">Next fire, UTC.</param>
/// <param name="LastAt">Last fire, UTC.</param>
public sealed record EngineRecurring(string Workflow, string? Cron, string TimeZone, DateTimeOffset? NextAt, DateTimeOffset? LastAt);
