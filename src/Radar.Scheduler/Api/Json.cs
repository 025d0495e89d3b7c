using System.Text.Json;
using System.Text.Json.Serialization;

namespace Radar.Scheduler.Api;

/// <summary>How the API writes JSON: camelCase names, states as the words people know.</summary>
internal static class Json
{
    /// <summary>The rules.</summary>
    public static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static IServiceCollection AddRadarJson(this IServiceCollection services) =>
        services.ConfigureHttpJsonOptions(options => Configure(options.SerializerOptions));

    /// <summary>JSON text as a value of an answer; null when it is none.</summary>
    public static JsonElement? Raw(string? json) => json is { Length: > 0 } ? JsonSerializer.Deserialize<JsonElement>(json) : null;

    private static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        return options;
    }
}
