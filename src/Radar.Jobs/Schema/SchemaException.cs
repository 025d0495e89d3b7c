namespace Radar.Jobs.Schema;

/// <summary>The database's schema does not go with this build. Trying again does not help.</summary>
public sealed class SchemaException(string message) : Exception(message);
