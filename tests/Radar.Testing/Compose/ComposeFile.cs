using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Radar.Testing;

/// <summary>The repository's <c>compose/compose.yaml</c>, as Docker Compose would read it with <c>compose/.env.example</c> filled in.</summary>
public sealed partial class ComposeFile
{
    /// <summary>What stands for every secret that .env.example leaves empty.</summary>
    public const string Secret = "0123456789abcdef0123456789abcdef";

    private ComposeFile(string text)
    {
        Text = text;
        Variables = [.. VariablePattern().Matches(text).Select(match => new ComposeVariable(match.Groups["name"].Value, match.Groups["kind"].Value, match.Groups["rest"].Value))];
        var root = (Dictionary<object, object?>)new DeserializerBuilder().Build().Deserialize(new MergingParser(new Parser(new StringReader(text))))!;
        Root = (IReadOnlyDictionary<string, object?>)Resolve(root)!;
        Services = Map(Root["services"]).ToDictionary(service => service.Key, service => new ComposeService(service.Key, Map(service.Value)));
    }

    /// <summary>Variables of <c>.env.example</c>.</summary>
    public static IReadOnlyDictionary<string, string> Example { get; } = File.ReadLines(Path(".env.example"))
        .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The repository's.</summary>
    public static ComposeFile Repository { get; } = new(File.ReadAllText(Path("compose.yaml")));

    /// <summary>The file as it stands.</summary>
    public string Text { get; }

    /// <summary>The whole of it.</summary>
    public IReadOnlyDictionary<string, object?> Root { get; }

    /// <summary>Every place where a variable is used.</summary>
    public IReadOnlyList<ComposeVariable> Variables { get; }

    /// <summary>The services.</summary>
    public IReadOnlyDictionary<string, ComposeService> Services { get; }

    /// <summary>A file of the folder.</summary>
    public static string Path(string name) => System.IO.Path.Combine(SharedFolder.Repository, "compose", name);

    internal static IReadOnlyDictionary<string, object?> Map(object? node) => (IReadOnlyDictionary<string, object?>)node!;

    private object? Resolve(object? node) => node switch
    {
        Dictionary<object, object?> map => map.ToDictionary(entry => (string)entry.Key, entry => Resolve(entry.Value)),
        List<object?> list => list.ConvertAll(Resolve),
        string text => VariablePattern().Replace(text, match => Value(match.Groups["name"].Value, match.Groups["kind"].Value, match.Groups["rest"].Value)).Replace("$$", "$", StringComparison.Ordinal),
        _ => node,
    };

    private static string Value(string name, string kind, string rest) =>
        Example.GetValueOrDefault(name) is { Length: > 0 } given ? given : kind == "-" ? rest : Secret;

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Za-z0-9_]+)(:(?<kind>[-?])(?<rest>[^}]*))?\}")]
    private static partial Regex VariablePattern();
}

/// <summary>A use of a variable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">"-": what follows is its default; "?": it is required, and what follows says so; empty: neither.</param>
/// <param name="Rest">What follows.</param>
public sealed record ComposeVariable(string Name, string Kind, string Rest);
