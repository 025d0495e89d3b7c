namespace Radar.Jobs.Workflows;

/// <summary>The workflows of this build, checked once when the first of them is asked for.</summary>
public sealed class WorkflowCatalog
{
    private readonly Dictionary<string, Workflow> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Builds and checks all workflows.</summary>
    /// <exception cref="WorkflowException">A graph is wrong, or two workflows share a name.</exception>
    public WorkflowCatalog(IEnumerable<IWorkflowSource> sources)
    {
        All = [.. sources.Select(s => s.Build()).OrderBy(w => w.Name, StringComparer.Ordinal)];
        foreach (var workflow in All)
        {
            WorkflowGraph.Check(workflow);
            foreach (var name in workflow.Aliases.Prepend(workflow.Name))
            {
                if (!_byName.TryAdd(name, workflow))
                {
                    throw new WorkflowException($"Workflows '{_byName[name].Name}' and '{workflow.Name}' both answer to '{name}'.");
                }
            }
        }

        foreach (var workflow in All)
        {
            foreach (var unknown in workflow.Preempts.Where(p => !All.Any(w => w.Name == p)))
            {
                throw new WorkflowException(
                    $"Workflow '{workflow.Name}' pre-empts '{unknown}', which is not there.{Nearest.Suggest(unknown, All.Select(w => w.Name))}");
            }
        }
    }

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<Workflow> All { get; }

    /// <summary>One by name or alias, or null.</summary>
    public Workflow? Find(string nameOrAlias) => _byName.GetValueOrDefault(nameOrAlias);

    /// <summary>A message for a name that is not there.</summary>
    public string Unknown(string asked) =>
        $"There is no workflow '{asked}'.{Nearest.Suggest(asked, _byName.Keys)} The workflows are: {string.Join(", ", All.Select(w => w.Name))}.";
}
