-- The services whose models are transferred. Yours may have more columns.
CREATE TABLE IF NOT EXISTS manual_services (
    id UUID PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    last_camunda_transfer TIMESTAMP WITH TIME ZONE
);

-- What each transfer did: a repeat does nothing twice, a broken one goes on. The function makes this table by itself
-- where its user may; otherwise run this, and grant SELECT, INSERT and UPDATE on it.
CREATE TABLE IF NOT EXISTS camunda_transfers (
    service_id UUID NOT NULL,
    content_hash CHAR(64) NOT NULL,
    state VARCHAR(10) NOT NULL,
    project_id TEXT,
    project_name TEXT,
    folder_id TEXT,
    folder_name TEXT NOT NULL,
    files JSONB NOT NULL DEFAULT '{}',
    run_id UUID NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    runs INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (service_id, content_hash)
);
