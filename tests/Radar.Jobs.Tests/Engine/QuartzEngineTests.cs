using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Radar.Jobs.Quartz;
using Radar.Testing;

namespace Radar.Jobs.Tests.Engine;

public sealed class QuartzEngineTests(PostgresFixture postgres) : JobEngineContract(postgres)
{
    protected override string EngineName => "Quartz";

    protected override void AddEngine(IServiceCollection services, IConfiguration configuration) => new QuartzPackage().Add(services, configuration);
}
