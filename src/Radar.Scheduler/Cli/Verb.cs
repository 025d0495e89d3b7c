using System.CommandLine;
using Npgsql;

namespace Radar.Scheduler.Cli;

/// <summary>Makes a verb: its failures are one sentence and exit code 1.</summary>
internal static class Verb
{
    public static Command Create(
        string name, string description, IEnumerable<Symbol> symbols, Func<ParseResult, SystemFolder, CancellationToken, Task<int>> run,
        string? spoken = null)
    {
        spoken ??= name;
        var command = new Command(name, description) { SystemFolder.Option };
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Add(option);
            }
            else
            {
                command.Add((Argument)symbol);
            }
        }
        command.SetAction(async (parse, token) =>
        {
            SystemFolder? system = null;
            try
            {
                system = SystemFolder.Open(parse);
                return await run(parse, system, token);
            }
            catch (Exception ex) when (ex is OperatorException or ArgumentException or BrokerException)
            {
                await Console.Error.WriteLineAsync($"radar {spoken}: {ex.Message}");
            }
            // A call whose patience ended looks like one that was called off.
            catch (Exception ex) when (ex is NpgsqlException or HttpRequestException || ex is OperationCanceledException && !token.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync(system is { Phase: not "up" }
                    ? $"radar {spoken}: {system.Down().Message}"
                    : $"radar {spoken}: the system does not answer ({ex.Message.ReplaceLineEndings(" ")}): see ./radar status.");
            }
            catch (OperationCanceledException)
            {
                return 130;
            }
            return 1;
        });
        return command;
    }
}
