using Xunit;

namespace Radar.Testing;

/// <summary>A theory that needs a part of the shared folder, and is skipped by name where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    /// <param name="paths">What it needs, below the shared folder.</param>
    public SharedTheoryAttribute(params string[] paths) => Skip = new SharedFactAttribute(paths).Skip;
}
