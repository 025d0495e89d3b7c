using System.Text.RegularExpressions;

namespace Radar.Jobs.Workflows;

/// <summary>A workflow that cannot be: the message lists everything that is wrong with it.</summary>
public sealed class WorkflowException(string message) : Exception(message);

/// <summary>Checks a workflow before anything runs.</summary>
internal static partial class WorkflowGraph
{
    /// <summary>Throws when the graph has a fault: all faults are listed at once.</summary>
    public static void Check(Workflow workflow)
    {
        var problems = Problems(workflow).ToList();
        if (problems.Count > 0)
        {
            throw new WorkflowException($"Workflow '{workflow.Name}': {string.Join(" ", problems)}");
        }
    }

    private static IEnumerable<string> Problems(Workflow workflow)
    {
        if (!NamePattern().IsMatch(workflow.Name))
        {
            yield return $"Its name may have small letters, digits and dashes, not '{workflow.Name}'.";
        }

        if (workflow.Tasks.Count == 0)
        {
            yield return "It has no tasks.";
        }

        if (workflow.MaxActiveRuns < 1)
        {
            yield return $"MaxActiveRuns must be 1 or more, not {workflow.MaxActiveRuns}.";
        }

        if (workflow.Schedule is { } schedule && ScheduleProblem(schedule) is { } wrong)
        {
            yield return wrong;
        }

        var names = workflow.Tasks.Select(t => t.Name).ToList();
        foreach (var twice in names.GroupBy(n => n).Where(g => g.Count() > 1))
        {
            yield return $"Task '{twice.Key}' is there {twice.Count()} times.";
        }

        var unknown = false;
        foreach (var task in workflow.Tasks)
        {
            if (!NamePattern().IsMatch(task.Name))
            {
                yield return $"Task '{task.Name}': a name may have small letters, digits and dashes.";
            }

            foreach (var parent in Parents(task).Where(p => !names.Contains(p)))
            {
                unknown = true;
                yield return $"Task '{task.Name}' needs '{parent}', which is not there.{Nearest.Suggest(parent, names)}";
            }

            if (!Queues.All.Contains(task.Queue))
            {
                yield return $"Task '{task.Name}' asks for queue '{task.Queue}'; choose one of {string.Join(", ", Queues.All)}.";
            }

            if (task.ForEach is { } followed && workflow.Tasks.FirstOrDefault(t => t.Name == followed) is { Instances: null, ForEach: null })
            {
                yield return $"Task '{task.Name}' follows each instance of '{followed}', which has none: give that one Instances.";
            }

            if (task.ForEach is not null && task.Instances is not null)
            {
                yield return $"Task '{task.Name}' has both Instances and ForEach: choose one.";
            }
        }

        if (!unknown && Cycle(workflow) is { } cycle)
        {
            yield return $"Circular dependency: {string.Join(" -> ", cycle)}.";
        }
    }

    /// <summary>The first cycle, its first task again at the end; null when there is none.</summary>
    private static List<string>? Cycle(Workflow workflow)
    {
        var tasks = workflow.Tasks.DistinctBy(t => t.Name).ToDictionary(t => t.Name);
        var done = new HashSet<string>();
        foreach (var start in tasks.Keys)
        {
            if (Walk(start, []) is { } cycle)
            {
                return cycle;
            }
        }

        return null;

        List<string>? Walk(string name, List<string> path)
        {
            if (path.IndexOf(name) is >= 0 and var at)
            {
                return [.. path[at..], name];
            }

            if (!done.Contains(name))
            {
                foreach (var parent in Parents(tasks[name]))
                {
                    if (Walk(parent, [.. path, name]) is { } cycle)
                    {
                        return cycle;
                    }
                }

                done.Add(name);
            }

            return null;
        }
    }

    private static string? ScheduleProblem(Schedule schedule)
    {
        try
        {
            _ = Cron.Parse(schedule.Cron);
            _ = TimeZoneInfo.FindSystemTimeZoneById(schedule.TimeZone);
            return null;
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
        catch (TimeZoneNotFoundException)
        {
            return $"Time zone '{schedule.TimeZone}' is not known; use an IANA name such as Europe/Vienna.";
        }
    }

    internal static IEnumerable<string> Parents(TaskSpec task) => task.ForEach is null ? task.Needs : task.Needs.Append(task.ForEach);

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    private static partial Regex NamePattern();
}
