namespace Radar.Embedded.Processes;

/// <summary>What is told besides the work and must never end it: the log may lie on a full disk, the terminal may be gone.</summary>
internal static class BestEffort
{
    /// <summary>Does it, or lets it be.</summary>
    public static void Do(Action action)
    {
        try
        {
            action();
        }
        catch (Exception)
        {
            // There is nobody left to tell.
        }
    }

    /// <summary>A way to say something that never fails.</summary>
    public static Action<string> Say(Action<string> say) => line => Do(() => say(line));

    /// <summary>Says it on standard error.</summary>
    public static void Complain(string line) => Do(() => Console.Error.WriteLine(line));
}
