namespace Radar.Jobs.Fleet;

/// <summary>The states' words as they stand in PostgreSQL and on pages, and their groups.</summary>
public static class WorkerStates
{
    /// <summary><c>wait</c>, <c>starting</c>, <c>running</c> ...</summary>
    public static string Word(this WorkerState state) => state switch
    {
        WorkerState.Wait => "wait",
        WorkerState.Starting => "starting",
        WorkerState.Running => "running",
        WorkerState.Paused => "paused",
        WorkerState.Stopping => "stopping",
        WorkerState.Deleted => "deleted",
        WorkerState.Backoff => "backoff",
        WorkerState.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    /// <summary><c>start</c>, <c>pause</c>, <c>delete</c>.</summary>
    public static string Word(this DesiredState desired) => desired switch
    {
        DesiredState.Start => "start",
        DesiredState.Pause => "pause",
        DesiredState.Delete => "delete",
        _ => throw new ArgumentOutOfRangeException(nameof(desired), desired, null),
    };

    /// <summary>Reads a state's word.</summary>
    /// <exception cref="ArgumentException">It is none; the message lists the choices.</exception>
    public static WorkerState ParseState(string word) => Parse<WorkerState>(word, Word);

    /// <summary>Reads a desired state's word.</summary>
    /// <exception cref="ArgumentException">It is none; the message lists the choices.</exception>
    public static DesiredState ParseDesired(string word) => Parse<DesiredState>(word, Word);

    /// <summary>Whether a process should exist in this state.</summary>
    public static bool HasProcess(this WorkerState state) =>
        state is WorkerState.Starting or WorkerState.Running or WorkerState.Paused or WorkerState.Stopping;

    private static T Parse<T>(string word, Func<T, string> name)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (name(value) == word)
            {
                return value;
            }
        }
        throw new ArgumentException($"'{word}' is not one of {string.Join(", ", Enum.GetValues<T>().Select(name))}.");
    }
}
