using Radar.Testing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Radar.EndToEnd.Tests;

/// <summary>What is wrong is named with its value and what to do about it, the exit code is not 0, and the next good start finds everything as it was.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("--replay", "nowhere", "nowhere")]
    [InlineData("--speed", "fast", "--speed fast is neither a number above 0 nor max")]
    [InlineData("--from", "yesterday", "--from yesterday is no date or time")]
    [InlineData("--page-size", "5000", "--page-size 5000 is not between 1 and 1000")]
    [InlineData("--exchange-options=--faults 999=1", null, "--faults 999=1 is not KIND=COUNT")]
    [InlineData("--exchange-options=--weight-limit few", null, "'few'")]
    [InlineData("--fastest", null, "--fastest")]
    public async Task Up_WrongOption_IsNamedBeforeAnythingStarts(string option, string? value, string named)
    {
        await using var system = new RadarSystem("bad-option");
        await AssertRefusedAsync(system, value is null ? [option] : [option, value], named);
        Assert.Empty(system.Processes());
        Assert.False(File.Exists(Path.Combine(system.State, "secrets.json")));
    }

    [Theory]
    [InlineData("BTCUSDT-1m-2026-01.csv", "1767225600000,one,two\n")]
    [InlineData("BTCUSDT-1m-2026-01.csv", "")]
    [InlineData("BTCUSDT-1m-2026-01.csv.gz", "no gzip")]
    [InlineData("BTCUSDT-1m-2026-01.zip", "no zip")]
    public async Task Up_UnreadableDump_IsNamedBeforeAnythingStarts(string file, string text)
    {
        await using var system = new RadarSystem("bad-dump");
        var folder = Directory.CreateDirectory(Path.Combine(system.State, "dump")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, file), text);
        await AssertRefusedAsync(system, ["--replay", folder], text.Length == 0 ? folder : file);
        Assert.Empty(system.Processes());
    }

    [Fact]
    public async Task Up_WrongOneAfterTheOther_EachIsNamedAndTheNextGoodStartFindsEverythingAsItWas()
    {
        await using var system = new RadarSystem("bad-input");
        string[] good = [.. Fixtures.MadeUp.Arguments(), "--until-caught-up"];
        await system.UpAsync(good);
        await DownAsync(system);
        await AssertVerbsSayThatItIsDownAsync(system);
        await AssertPostgreSqlThatCannotStartSaysWhyAsync(system, good);

        await AssertRefusedUnderAsync(system, "RADAR__MARKET__SYMBOLS", "NOSUCHUSDT", good, "NOSUCHUSDT", "correct Radar:Market:Symbols");
        await AssertRefusedUnderAsync(system, "RADAR__MARKET__SYMBOLS", "btc", good, "'btc'", "Radar:Market:Symbols", "such as BTCUSDT");
        await AssertRefusedUnderAsync(system, "RADAR__EXCHANGE__TIMEOUT", "soon", good, "Radar:Exchange:Timeout is 'soon': set it to seconds");
        await AssertRefusedUnderAsync(system, "RADAR__AGENT__MAXRESTARTS", "many", good, "Radar:Agent:MaxRestarts is 'many': use a whole number");
        await AssertRefusedUnderAsync(system, "RADAR__ENGINE", "Quarz", good, "Radar:Engine is 'Quarz'", "Quartz");
        await AssertRefusedUnderAsync(system, "RADAR__MODELS__DIRECTORY", Path.Combine(system.State, "no-models"), good, "no-models", "Radar:Models:Directory");
        await AssertRefusedUnderAsync(system, "RADAR__MODELS__DIRECTORY", WrongShape(system), good, "v2.onnx", "[N, 40]", "expected one float32 input of [N, 39]");

        using (var taken = new TcpListener(IPAddress.Loopback, 0))
        {
            taken.Start();
            var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
            await AssertRefusedAsync(system, [.. good, "--port", port], $"Port {port} (--port) is taken", "choose another");
        }

        await system.UpAsync(good);
        await EndState.AssertAsync(system, Fixtures.MadeUp);
    }

    private static async Task AssertVerbsSayThatItIsDownAsync(RadarSystem system)
    {
        foreach (var verb in (string[][])[["check"], ["run", "start-fleet"], ["export", "candles", "--from", "2026-01-01", "--to", "2026-01-02"]])
        {
            var result = await system.RunAsync(verb);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains(system.State, result.Errors, StringComparison.Ordinal);
            Assert.Contains("is down: start it with ./radar up", result.Errors, StringComparison.Ordinal);
        }
    }

    private static async Task AssertPostgreSqlThatCannotStartSaysWhyAsync(RadarSystem system, string[] good)
    {
        var settings = Path.Combine(system.State, "postgres", "data", "postgresql.conf");
        File.Move(settings, settings + ".away");
        await AssertRefusedAsync(system, good, "PostgreSQL on port", "did not start", "postgresql.conf");
        Assert.Empty(system.Processes());
        File.Move(settings + ".away", settings);
    }

    private static async Task AssertRefusedUnderAsync(RadarSystem system, string variable, string value, string[] arguments, params string[] named)
    {
        system.With(variable, value);
        await AssertRefusedAsync(system, arguments, named);
        system.With(variable, null);
        await DownAsync(system);
    }

    private static async Task AssertRefusedAsync(RadarSystem system, string[] arguments, params string[] named)
    {
        var up = await system.RunAsync(["up", "--headless", .. arguments]);
        Assert.True(up.ExitCode != 0, $"up took {string.Join(' ', arguments)}:\n{up.Everything}");
        Assert.All(named, part => Assert.Contains(part, up.Everything, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", up.Everything, StringComparison.Ordinal); // A sentence, no stack.
    }

    private static async Task DownAsync(RadarSystem system)
    {
        var down = await system.RunAsync("down");
        Assert.True(down.ExitCode == 0, down.Everything);
        Assert.Empty(system.Processes());
    }

    // A store like ours, but one model wants 40 features: the value info "float_input", FLOAT, [N, 39] has its 39 made 40.
    private static string WrongShape(RadarSystem system)
    {
        var store = Path.Combine(system.State, "models");
        foreach (var model in Directory.EnumerateFiles(Path.Combine(Repository.Root, "models"), "*.onnx", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(store, Path.GetRelativePath(Path.Combine(Repository.Root, "models"), model));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(model, copy);
        }

        var wrong = Path.Combine(store, "BTCUSDT", "lightgbm", "v2.onnx");
        var bytes = File.ReadAllBytes(wrong);
        var at = bytes.AsSpan().LastIndexOf("float_input"u8);
        bytes[at + bytes.AsSpan(at).IndexOf([(byte)0x08, (byte)39]) + 1] = 40;
        File.WriteAllBytes(wrong, bytes);
        return store;
    }
}
