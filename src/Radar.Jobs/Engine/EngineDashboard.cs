namespace Radar.Jobs.Engine;

/// <summary>The engine's own pages, for engines that bring some.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Path">Where it is, below the scheduler's address.</param>
/// <param name="JobPath">Where a job is: its id follows.</param>
public sealed record EngineDashboard(string Name, string Path, string JobPath);
