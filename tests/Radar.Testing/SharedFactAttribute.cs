using Xunit;

namespace Radar.Testing;

/// <summary>A test that needs a part of the shared folder, and is skipped by name where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedFactAttribute : FactAttribute
{
    /// <param name="paths">What it needs, below the shared folder.</param>
    public SharedFactAttribute(params string[] paths)
    {
        if (paths.FirstOrDefault(p => !SharedFolder.Has(p)) is { } absent)
        {
            Skip = $"'{SharedFolder.Of(absent)}' is not there (RADAR_SHARED).";
        }
    }
}
