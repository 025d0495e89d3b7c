using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Radar.Jobs.Hangfire;
using Radar.Testing;

namespace Radar.Jobs.Tests.Engine;

public sealed class HangfireEngineTests(PostgresFixture postgres) : JobEngineContract(postgres)
{
    protected override string EngineName => "Hangfire";

    protected override void AddEngine(IServiceCollection services, IConfiguration configuration) => new HangfirePackage().Add(services, configuration);
}
