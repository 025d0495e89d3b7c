using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Radar.Jobs.Engine;

/// <summary>An engine that a build may have: one class in the engine's own project.</summary>
public interface IEnginePackage
{
    /// <summary>What it is called in <c>Radar:Engine</c>.</summary>
    string Name { get; }

    /// <summary>Makes it the process's job engine. Nothing starts before the node does.</summary>
    void Add(IServiceCollection services, IConfiguration configuration);

    /// <summary>Maps the engine's own pages, if it has some, for those whom the policy lets in.</summary>
    void MapPages(IEndpointRouteBuilder endpoints, string policy);

    /// <summary>Holds the engine's jobs against Radar's tasks; needs no running engine. One line for each fault.</summary>
    Task<IReadOnlyList<string>> AuditAsync(NpgsqlDataSource database, CancellationToken cancellationToken);
}
