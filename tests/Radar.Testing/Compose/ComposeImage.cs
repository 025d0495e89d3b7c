namespace Radar.Testing;

/// <summary>The repository's <c>compose/Dockerfile</c>.</summary>
public static class ComposeImage
{
    /// <summary>Its instructions, each on one line, without comments.</summary>
    public static IReadOnlyList<string> Instructions { get; } =
    [
        .. string.Join('\n', File.ReadLines(ComposeFile.Path("Dockerfile")).Where(line => !line.StartsWith('#')))
            .Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
    ];

    /// <summary>Environment that every container of the image has.</summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } = Of("ENV")
        .SelectMany(names => names.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>What follows an instruction's word, wherever it is used.</summary>
    public static IEnumerable<string> Of(string instruction) =>
        Instructions.Where(line => line.StartsWith(instruction + " ", StringComparison.Ordinal)).Select(line => line[(instruction.Length + 1)..]);

    /// <summary>Environment of a container: the image's, and over it the service's.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentOf(ComposeService service) =>
        service.Environment.Concat(Environment.Where(name => !service.Environment.ContainsKey(name.Key))).ToDictionary(name => name.Key, name => name.Value);
}
