namespace Radar.Embedded;

/// <summary>A local service or the launcher cannot go on; the message names the value and the fix.</summary>
public sealed class EmbeddedException : Exception
{
    /// <summary>Says what is wrong and what to do.</summary>
    public EmbeddedException(string message)
        : base(message)
    {
    }

    /// <summary>Says what is wrong and what to do, with its cause.</summary>
    public EmbeddedException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
