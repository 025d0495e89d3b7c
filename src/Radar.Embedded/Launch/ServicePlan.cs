namespace Radar.Embedded.Launch;

/// <summary>A service: how it is started and how one knows that it answers.</summary>
/// <param name="Name">postgres, kafka, exchange, clickhouse, scheduler or agent.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Environment">Variables of its own, secrets among them.</param>
/// <param name="Address">Where it answers; null where it listens to nobody.</param>
/// <param name="Detail">What kind it is.</param>
/// <param name="AnswersAsync">Whether it answers now.</param>
/// <param name="LeansOn">Services without which it cannot answer: while one of them is away it is not judged.</param>
internal sealed record ServicePlan(
    string Name,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    string? Address,
    string? Detail,
    Func<CancellationToken, Task<bool>> AnswersAsync,
    params IReadOnlyList<string> LeansOn);
