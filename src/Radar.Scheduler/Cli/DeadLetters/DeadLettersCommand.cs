using System.CommandLine;

namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary><c>radar dead-letters list | show | replay</c>.</summary>
internal static class DeadLettersCommand
{
    /// <summary>The option that each of them takes.</summary>
    public static Option<string> Topic { get; } = new("--dead-letters")
    {
        Description = "Topic of the dead letters",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("RADAR__TOPICS__DEADLETTERS") is { Length: > 0 } set ? set : DeadLetter.DefaultTopic,
    };

    public static Command Create() => new("dead-letters", "Records that no sink could store: list them, look at one, send them back")
    {
        ListCommand.Create(), ShowCommand.Create(), ReplayCommand.Create(),
    };

    /// <summary>The topic of the system that was asked for.</summary>
    public static DeadLetterTopic Open(ParseResult parse, SystemFolder system) =>
        new(system.Address("kafka") ?? throw system.Down(), parse.GetRequiredValue(Topic));
}
