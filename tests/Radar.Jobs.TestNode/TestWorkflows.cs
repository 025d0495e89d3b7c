using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Hosting;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.TestNode;

/// <summary>Tables through which tests see what bodies did, and hold them.</summary>
public static class Effects
{
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS public.effects (
          id bigint GENERATED ALWAYS AS IDENTITY, run_id bigint, task text, attempt int, node text, effect text, at timestamptz DEFAULT clock_timestamp());
        CREATE TABLE IF NOT EXISTS public.gate (open boolean);
        CREATE TABLE IF NOT EXISTS public.may_pass (yes boolean);
        """;

    public static async Task NoteAsync(TaskContext context, string effect, CancellationToken cancellationToken)
    {
        await using var command = context.Services.GetRequiredService<NpgsqlDataSource>()
            .CreateCommand("INSERT INTO public.effects (run_id, task, attempt, node, effect) VALUES ($1, $2, $3, $4, $5)");
        var node = context.Services.GetRequiredService<JobsOptions>().Node;
        foreach (var value in (object[])[context.RunId, context.Task, context.Attempt, node, effect])
        {
            command.Parameters.Add(new() { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task GateAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var time = context.Services.GetRequiredService<TimeProvider>();
        var database = context.Services.GetRequiredService<NpgsqlDataSource>();
        while (true)
        {
            await using (var command = database.CreateCommand("SELECT count(*) FROM public.gate WHERE open"))
            {
                if (await command.ExecuteScalarAsync(cancellationToken) is > 0L)
                {
                    return;
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }
}

/// <summary>first → second → third.</summary>
public sealed class Chain : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "chain",
        Description = "Three in a row.",
        MaxActiveRuns = 1000,
        Tasks = [Step("first"), Step("second", "first"), Step("third", "second")],
    };

    private static TaskSpec Step(string name, params string[] needs) => new()
    {
        Name = name,
        Needs = needs,
        Body = async (context, token) =>
        {
            context.Log($"hello from {context.Task}");
            await Effects.NoteAsync(context, "done", token);
            return new { task = context.Task };
        },
    };
}

/// <summary>A fan-out by parameter, a follower for each, and a fan-in.</summary>
public sealed class Spread : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "spread",
        Description = "Fan-out and fan-in.",
        Tasks =
        [
            new()
            {
                Name = "each",
                Instances = (context, _) => Task.FromResult<IReadOnlyList<string>>(context.Parameters["items"].Split(',', StringSplitOptions.RemoveEmptyEntries)),
                Retry = RetryPolicy.None,
                Body = async (context, token) =>
                {
                    await Effects.NoteAsync(context, "each", token);
                    return context.Instance == "bad" ? throw new TaskFailedException("bad is bad") : context.Instance;
                },
            },
            new() { Name = "after-each", ForEach = "each", Body = async (context, token) => { await Effects.NoteAsync(context, "after", token); return null; } },
            new() { Name = "join", Needs = ["after-each"], Body = async (context, token) => { await Effects.NoteAsync(context, "join", token); return null; } },
            new()
            {
                Name = "always", Needs = ["join"], When = RunsWhen.Ended,
                Body = async (context, token) => { await Effects.NoteAsync(context, "always", token); return null; },
            },
        ],
    };
}

/// <summary>Fails as often as its parameter says.</summary>
public sealed class Flaky : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "flaky",
        Description = "Fails a few times.",
        Tasks =
        [
            new()
            {
                Name = "try",
                Retry = new(3, TimeSpan.FromMilliseconds(300), 2, TimeSpan.FromSeconds(5)),
                Body = async (context, token) =>
                {
                    await Effects.NoteAsync(context, "tried", token);
                    return context.Attempt <= int.Parse(context.Parameters["failures"], System.Globalization.CultureInfo.InvariantCulture)
                        ? throw new InvalidOperationException($"attempt {context.Attempt} is meant to fail")
                        : "at last";
                },
            },
        ],
    };
}

/// <summary>Waits at the gate, then goes on.</summary>
public sealed class Gated : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "gated",
        Description = "Waits until a test lets it go.",
        Tasks =
        [
            new()
            {
                Name = "wait",
                Queue = Queues.Control,
                Body = async (context, token) =>
                {
                    await Effects.NoteAsync(context, "arrived", token);
                    context.Report(0.5, "at the gate");
                    context.Log("waiting at the gate");
                    await Effects.GateAsync(context, token);
                    await Effects.NoteAsync(context, "passed", token);
                    return null;
                },
            },
            new() { Name = "after", Needs = ["wait"], Body = async (context, token) => { await Effects.NoteAsync(context, "after", token); return null; } },
        ],
    };
}

/// <summary>Many small tasks.</summary>
public sealed class Burst : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "burst",
        Description = "As many small tasks as its parameter says.",
        Tasks =
        [
            new()
            {
                Name = "item",
                Queue = Queues.Batch,
                Instances = (context, _) => Task.FromResult<IReadOnlyList<string>>(
                    [.. Enumerable.Range(0, int.Parse(context.Parameters["count"], System.Globalization.CultureInfo.InvariantCulture)).Select(i => $"{i}")]),
                Body = async (context, token) => { await Effects.NoteAsync(context, "item", token); return null; },
            },
            new() { Name = "join", Needs = ["item"], Body = async (context, token) => { await Effects.NoteAsync(context, "join", token); return null; } },
        ],
    };
}

/// <summary>A task that does not hear that its node stops, and one that follows it.</summary>
public sealed class Deaf : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "deaf",
        Description = "Ends well although it is told to stop.",
        Tasks =
        [
            new()
            {
                Name = "slow",
                Body = async (context, token) =>
                {
                    await Effects.NoteAsync(context, "arrived", CancellationToken.None);
                    await Task.Delay(Timeout.InfiniteTimeSpan, context.Services.GetRequiredService<TimeProvider>(), token)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    return null;
                },
            },
            new() { Name = "after", Needs = ["slow"], Body = async (context, token) => { await Effects.NoteAsync(context, "after", token); return null; } },
        ],
    };
}

/// <summary>One task waits at the gate; another fails until it may pass, and one follows that.</summary>
public sealed class Forked : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "forked",
        Description = "Two branches.",
        Tasks =
        [
            new() { Name = "wait", Queue = Queues.Control, Body = async (context, token) => { await Effects.GateAsync(context, token); return null; } },
            new()
            {
                Name = "try",
                Body = async (context, token) =>
                {
                    await using var command = context.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT count(*) FROM public.may_pass");
                    return await command.ExecuteScalarAsync(token) is > 0L ? "passed" : throw new TaskFailedException("it may not pass");
                },
            },
            new() { Name = "after", Needs = ["try"], Body = async (context, token) => { await Effects.NoteAsync(context, "after", token); return null; } },
        ],
    };
}

/// <summary>Tasks that say what PostgreSQL cannot store.</summary>
public sealed class Odd : IWorkflowSource
{
    public Workflow Build() => new()
    {
        Name = "odd",
        Description = "Characters that no table takes.",
        Tasks =
        [
            new()
            {
                Name = "result",
                Body = (context, _) =>
                {
                    context.Log("a zero \0 and half a pair \uD800 in a line");
                    context.Report(0.5, "\uD800 at work \0");
                    return Task.FromResult<object?>(new { text = "a zero \0 and C:\\u0000" });
                },
            },
            new() { Name = "reason", Body = (_, _) => throw new TaskFailedException("a zero \0 and half a pair \uDC00") },
            new()
            {
                Name = "instances",
                Instances = (_, _) => Task.FromResult<IReadOnlyList<string>>(["a\0b"]),
                Body = (_, _) => Task.FromResult<object?>(null),
            },
        ],
    };
}
