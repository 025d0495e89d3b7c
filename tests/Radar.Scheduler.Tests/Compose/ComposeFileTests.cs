using System.Text.RegularExpressions;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Compose;

/// <summary>compose.yaml held against itself, .env.example, and what a careful operator expects.</summary>
public sealed partial class ComposeFileTests
{
    private static readonly ComposeFile File = ComposeFile.Repository;

    public static TheoryData<string> Services => [.. File.Services.Keys];

    [Theory]
    [MemberData(nameof(Services))]
    public void Image_is_pinned_or_built_from_our_Dockerfile(string name)
    {
        var service = File.Services[name];
        Assert.Matches(PinnedImage(), service.Image);
        Assert.False(service.Image.EndsWith(":latest", StringComparison.Ordinal));
        if (service.Image.StartsWith("radar:", StringComparison.Ordinal))
        {
            Assert.Equal("compose/Dockerfile", service.Dockerfile);
        }
        else
        {
            Assert.Null(service.Dockerfile);
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Ports_are_published_on_loopback_alone(string name) =>
        Assert.All(File.Services[name].Ports, port => Assert.Matches(LoopbackPort(), port));

    [Theory]
    [MemberData(nameof(Services))]
    public void Memory_and_cpu_are_limited(string name)
    {
        Assert.Matches("^[0-9]+[MG]$", File.Services[name].Limit("memory"));
        Assert.Matches(@"^[0-9]+\.[0-9]$", File.Services[name].Limit("cpus"));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Service_has_a_health_check_or_does_its_work_once(string name)
    {
        var service = File.Services[name];
        Assert.True(service.OneShot == (service.HealthCheck.Count == 0), $"{name}: a health check, or restart: \"no\", and not both");
        Assert.True(!service.OneShot || service.Ports.Count == 0, $"{name} does its work once and publishes a port");
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Service_waits_for_what_can_come_true(string name)
    {
        foreach (var (other, condition) in File.Services[name].DependsOn)
        {
            Assert.Equal(File.Services[other].OneShot ? "service_completed_successfully" : "service_healthy", condition);
            Assert.False(File.Services[other].Node.ContainsKey("profiles"), $"{name} waits for {other}, which up does not start");
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Volumes_are_declared_and_mounted_files_are_there(string name)
    {
        var declared = ((IReadOnlyDictionary<string, object?>)File.Root["volumes"]!).Keys;
        foreach (var source in File.Services[name].Volumes.Select(volume => volume.Split(':')[0]))
        {
            if (source[0] == '.')
            {
                Assert.NotEmpty(Directory.GetFileSystemEntries(ComposeFile.Path(source)));
            }
            else
            {
                Assert.Contains(source, declared);
            }
        }
    }

    /// <summary>Each asks what the server of that image answers; a port is the container's own.</summary>
    [Theory]
    [InlineData("postgres", "pg_isready -h 127.0.0.1 -U radar -d radar")]
    [InlineData("kafka", "/opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server localhost:29092")]
    [InlineData("clickhouse", "http://127.0.0.1:8123/ping")]
    [InlineData("s3", "http://127.0.0.1:9000/minio/health/live")]
    [InlineData("mlflow", "http://127.0.0.1:5000/health")]
    [InlineData("scheduler", "radar-health scheduler 127.0.0.1 8321")]
    [InlineData("agent", "radar-health agent scheduler 8321")]
    public void Health_check_asks_what_the_service_answers(string name, string what)
    {
        var service = File.Services[name];
        Assert.Equal("CMD", service.HealthCheck[0]);
        Assert.Contains(what, string.Join(' ', service.HealthCheck.Skip(1)), StringComparison.Ordinal);
        var port = Regex.Match(what, "(?<=:|1 |scheduler )[0-9]{4,5}").Value;
        if (port.Length > 0 && name != "agent")
        {
            Assert.Contains(port, string.Join(' ', service.Ports.Select(published => published.Split(':')[2])) + service.Environment.GetValueOrDefault("KAFKA_LISTENERS"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_health_check_is_known_to_the_test_above() => Assert.Equal(
        ["agent", "clickhouse", "kafka", "mlflow", "postgres", "s3", "scheduler"],
        File.Services.Values.Where(service => service.HealthCheck.Count > 0).Select(service => service.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_variable_stands_in_the_example_with_its_default_and_the_reverse()
    {
        Assert.Equal(
            ComposeFile.Example.Keys.Order(StringComparer.Ordinal),
            File.Variables.Select(variable => variable.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.All(File.Variables, variable => Assert.True(
            variable.Kind == "?" ? ComposeFile.Example[variable.Name].Length == 0 : variable.Kind == "-" && ComposeFile.Example[variable.Name] == variable.Rest,
            $"{variable.Name}: a default that is the example's, or required and empty there"));
    }

    [Fact]
    public void Passwords_come_from_the_environment_file_and_none_is_written_down()
    {
        var secrets = ComposeFile.Example.Keys.Where(name => SecretName().IsMatch(name)).ToList();
        Assert.NotEmpty(secrets);
        Assert.All(secrets, name => Assert.All(File.Variables.Where(v => v.Name == name), v => Assert.True(v is { Kind: "?", Rest.Length: > 0 }, $"{name} is to be required, with a message")));
        Assert.All(
            File.Services.Values.SelectMany(service => service.Environment).Where(pair => SecretName().IsMatch(pair.Key)),
            pair => Assert.Equal(ComposeFile.Secret, pair.Value));
    }

    [Fact]
    public void Server_and_clients_have_the_same_passwords()
    {
        // R-16: the originals' server and clients disagreed by default. Here every default is written once, or is the same everywhere.
        Assert.All(
            File.Variables.GroupBy(variable => variable.Name),
            uses => Assert.Single(uses.DistinctBy(use => (use.Kind, use.Rest))));
    }

    [GeneratedRegex("^[a-z0-9./-]+:[A-Za-z0-9.-]+$")]
    private static partial Regex PinnedImage();

    [GeneratedRegex(@"^127\.0\.0\.1:[0-9]+:[0-9]+$")]
    private static partial Regex LoopbackPort();

    [GeneratedRegex("PASSWORD|TOKEN|SECRET")]
    private static partial Regex SecretName();
}
